"""Counts, sizes and spans of time as people read them."""

from __future__ import annotations

_SPANS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_SIZES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"))


def counted(number: int, what: str) -> str:
    """A number of things: `1 file`, `2,000 files`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def span(seconds: float) -> str:
    """A span of time in its largest unit, whole: `45 s`, `3 h`, `12 d`."""
    for length, unit in _SPANS:
        if seconds >= length:
            return f"{seconds // length:,.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"


def size(count: int) -> str:
    """A number of bytes in its largest unit: `512 B`, `1.2 MB`."""
    for length, unit in _SIZES:
        if count >= length:
            return f"{count / length:,.1f} {unit}"
    return f"{count} B"
