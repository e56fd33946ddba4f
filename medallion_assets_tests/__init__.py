"""The tests, in the same folders as what they test."""

from __future__ import annotations
