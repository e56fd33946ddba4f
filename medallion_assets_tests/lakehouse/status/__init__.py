"""Tests of the same folder of the package."""

from __future__ import annotations
