"""Names and texts as SQL, whatever is in them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as a SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def literal(text: str) -> str:
    """A text as a SQL string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
