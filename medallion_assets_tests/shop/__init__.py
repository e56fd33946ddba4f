"""Tests of the sample shop."""

from __future__ import annotations
