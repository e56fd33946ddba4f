"""Plain tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

LONGEST_CELL = 32
_NUMBERS = (int, float, Decimal)


def text_table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns as wide as their values; numbers to the right, the rest to the left."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [
        max(len(name), *(len(row[column]) for row in cells)) if cells else len(name)
        for column, name in enumerate(header)
    ]
    right = [
        _are_numbers([row[column] for row in rows if row[column] is not None])
        for column in range(len(header))
    ]

    def line(values: Sequence[str]) -> str:
        padded = [
            value.rjust(width) if numeric else value.ljust(width)
            for value, width, numeric in zip(values, widths, right, strict=True)
        ]
        return "  ".join(padded).rstrip()

    ruler = line(["-" * width for width in widths])
    return "\n".join([line(list(header)), ruler, *(line(row) for row in cells)])


def _are_numbers(values: Sequence[object]) -> bool:
    return bool(values) and all(isinstance(value, _NUMBERS) for value in values)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = f"{value:,.2f}" if isinstance(value, (float, Decimal)) else " ".join(str(value).split())
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
