"""What stops a benchmark."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A measured process failed, or two that do the same work came to different results."""
