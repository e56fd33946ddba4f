"""What stops a benchmark."""

from __future__ import annotations


class BenchmarkError(Exception):
    """A measured process failed, or two that do the same work came to different results."""


class PeerUnavailableError(BenchmarkError):
    """A peer can't run on this machine; the results say so, and why."""
