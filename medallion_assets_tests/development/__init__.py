"""Tests of what sets the project up."""

from __future__ import annotations
