"""Checks of the repository itself, run by `make check`."""

from __future__ import annotations
