"""Whether an XML file is whole, by its two ends.

Spark takes the rows of an XML file one by one. What is no XML at all has none of them, and of a
file that was cut off it leaves out the last row; it says so in neither case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from medallion_assets.lakehouse.autoloader.decode import compression
from medallion_assets.lakehouse.autoloader.storage import open_file, size_of

_CHUNK = 1 << 16
_GROWTH = 16
_LONGEST = 1 << 28
_BESIDE = re.compile(
    r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[.*?\]\]>|<!DOCTYPE[^>\[]*(?:\[[^\]]*\])?[^>]*>", re.S
)
"""What can stand beside elements, and can contain what looks like one."""
_TAG = r"(?=[\s/>])(?:[^<>\"']|\"[^\"]*\"|'[^']*')*?(?P<alone>/?)>"


def what_is_missing(path: str, row_tag: str, encoding: str) -> str | None:
    """Why a file is not the whole of an XML file; None where it is.

    Args:
        path: of the file.
        row_tag: the element that is a row.
        encoding: of its text.

    Raises:
        OSError: the file can't be opened or unpacked.
        EOFError: it is packed and cut off.
        LookupError: there is no such encoding.
    """
    head = _head(path, encoding).lstrip("\ufeff \t\r\n")
    if not head:
        return None
    if not head.startswith("<"):
        return "it is no XML: it does not begin with an element"
    open_element = _open_element(
        _BESIDE.sub("", head), _BESIDE.sub("", _after_last_row(path, row_tag, encoding)), row_tag
    )
    if open_element is None:
        return None
    return f"it ends {open_element}: it was cut off, or is still being written"


def _open_element(head: str, rest: str, row_tag: str) -> str | None:
    """What is open at the end, by the text after the last row."""
    starts = list(re.finditer(rf"<{re.escape(row_tag)}(?=[\s/>]|\Z)", rest))
    if starts and not _is_alone(rest[starts[-1].start() :], row_tag):
        return f"within a <{row_tag}>"
    if re.search(r"<[^>]*\Z", rest):
        return "within a tag"
    root = re.search(r"<(?P<name>[^\s/>!?]+)", head)
    if root is None or root["name"] == row_tag or _is_alone(head[root.start() :], root["name"]):
        return None
    return None if f"</{root['name']}" in rest else f"before </{root['name']}>"


def _is_alone(text: str, name: str) -> bool:
    """Whether the text begins with an element that has no end tag of its own: `<row a="1"/>`."""
    tag = re.match(rf"<{re.escape(name)}{_TAG}", text)
    return tag is not None and bool(tag["alone"])


def _head(path: str, encoding: str) -> str:
    with compression.open_text(path, encoding, "replace") as text:
        return text.read(_CHUNK)


def _after_last_row(path: str, row_tag: str, encoding: str) -> str:
    """The text after the last row that ends; all of it where none does."""
    packed = compression.is_packed(path)
    tail = ""
    for tail in _unpacked(path, row_tag, encoding) if packed else _tails(path, encoding):
        end = _last_end(tail, row_tag)
        if end is not None:
            return tail[end:]
    return tail


def _last_end(text: str, row_tag: str, since: int = 0) -> int | None:
    """Where the last end tag of a row begins."""
    end = f"</{row_tag}"
    found = text.rfind(end, since)
    while found >= 0:
        after = found + len(end)
        if text[after : after + 1] in (">", " ", "\t", "\r", "\n"):
            return found
        found = text.rfind(end, since, found)
    return None


def _tails(path: str, encoding: str) -> Iterator[str]:
    """The end of the file, then more and more of it."""
    size, length = size_of(path), _CHUNK
    with open_file(path) as file:
        while True:
            # Whole characters, whatever the encoding.
            start = max(0, size - length) // 4 * 4
            file.seek(start)
            yield file.read().decode(encoding, "replace")
            if not start or length >= _LONGEST:
                return
            length *= _GROWTH


def _unpacked(path: str, row_tag: str, encoding: str) -> Iterator[str]:
    """What follows the last end tag of a row, with that tag."""
    rest = ""
    with compression.open_text(path, encoding, "replace") as text:
        while chunk := text.read(_CHUNK):
            rest = (rest + chunk)[-_LONGEST:]
            since = max(0, len(rest) - len(chunk) - len(row_tag) - 3)
            end = _last_end(rest, row_tag, since)
            rest = rest if end is None else rest[end:]
    yield rest
