"""Glob patterns as Auto Loader and Hadoop spell them, as regular expressions.

`?` `*` `[abc]` `[a-z]` `[^a]` `{ab,c{de,fh}}`, and a backslash that takes a character as it is
(docs.databricks.com, auto-loader/patterns).
"""

from __future__ import annotations

import re

from medallion_assets.lakehouse.errors import OptionError

_SPECIAL = re.compile(r"[?*\[{\\]")


def is_glob(text: str) -> bool:
    """Whether anything in the text stands for something else."""
    return _SPECIAL.search(text) is not None


def literal_part(pattern: str) -> str:
    """What stands before the first character with a meaning."""
    found = _SPECIAL.search(pattern)
    return pattern if found is None else pattern[: found.start()]


def escaped(text: str) -> str:
    """A pattern that matches just this text."""
    return _SPECIAL.sub(r"\\\g<0>", text)


def translate(pattern: str, *, across_directories: bool = False) -> str:
    """The regular expression of a glob pattern, for the whole of a text or the start of it.

    Args:
        pattern: the glob.
        across_directories: whether `*` also stands for `/`.

    Raises:
        OptionError: a bracket or brace that is not closed, or a range that is none.
    """
    parts: list[str] = []
    depth = position = 0
    while position < len(pattern):
        character = pattern[position]
        position += 1
        if character == "*":
            parts.append(".*" if across_directories else "[^/]*")
        elif character == "?":
            parts.append("[^/]")
        elif character == "\\" and position < len(pattern):
            parts.append(re.escape(pattern[position]))
            position += 1
        elif character == "[":
            end = pattern.find("]", position + 1)
            parts.append(_one_of(pattern, position, end))
            position = end + 1
        elif character == "{":
            depth += 1
            parts.append("(?:")
        elif depth and character in ",}":
            parts.append("|" if character == "," else ")")
            depth -= character == "}"
        else:
            parts.append(re.escape(character))
    if depth:
        raise _unfinished(pattern, "{")
    return _checked(pattern, "".join(parts))


def _one_of(pattern: str, start: int, end: int) -> str:
    if end < 0:
        raise _unfinished(pattern, "[")
    members = pattern[start:end]
    negated = members[0] in "^!" and len(members) > 1
    inner = re.sub(r"([\\\[\]&~|^])", r"\\\1", members[1:] if negated else members)
    return f"[^/{inner}]" if negated else f"[{inner}]"


def _unfinished(pattern: str, opening: str) -> OptionError:
    return OptionError(
        f"The pattern {pattern!r} has a {opening} that is not closed. Close it, or put a backslash "
        "before it where it is part of the name."
    )


def _checked(pattern: str, expression: str) -> str:
    try:
        re.compile(expression)
    except re.error as error:
        raise OptionError(f"The pattern {pattern!r} is none: {error}.") from None
    return expression
