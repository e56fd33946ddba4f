"""A file in a landing directory."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file as it was seen: absolute path, bytes, time of modification in nanoseconds."""

    path: str
    size: int
    modified_ns: int


def kept_path(path: str) -> str:
    """The path as the ledger keeps it.

    A name that is not valid UTF-8 can be kept in no table: its bytes come escaped, so that the file
    gets a state and a reason instead of stopping the others.
    """
    return path.encode("utf-8", "backslashreplace").decode("utf-8")
