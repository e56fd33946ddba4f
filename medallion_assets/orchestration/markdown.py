"""Small Markdown tables for the Dagster UI, safe for any value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

LONGEST_CELL = 60


def markdown_table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, longest: int = LONGEST_CELL
) -> str:
    """A Markdown table; values are escaped, kept on one line and cut."""
    lines = [_line(header, longest), "|" + " --- |" * len(header)]
    lines += [_line(row, longest) for row in rows]
    return "\n".join(lines)


def cell(value: object, longest: int = LONGEST_CELL) -> str:
    """One value as the text of a table cell."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        # Mostly text all the same: keys and values of events.
        value = value.decode("utf-8", "backslashreplace")
    text = " ".join(str(value).split())
    if len(text) > longest:
        text = text[: longest - 1] + "…"
    # Cut first: an escape must not lose its second half.
    for character in "\\|`<>*_[]":
        text = text.replace(character, "\\" + character)
    return text


def file_name(path: str) -> str:
    """A path that a cell takes whole: of a long one the end, which tells files apart."""
    return path if len(path) <= LONGEST_CELL else "…" + path[1 - LONGEST_CELL :]


def _line(values: Sequence[object], longest: int) -> str:
    return "| " + " | ".join(cell(value, longest) for value in values) + " |"
