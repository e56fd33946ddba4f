"""Tests of the whole sample lakehouse: from landing files to gold tables."""

from __future__ import annotations
