"""Discovery: which files are in a landing directory, one entry at a time.

Names that begin with `_` or `.` are left alone as Spark leaves them, and so are the names under
which common tools write a file before they rename it.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_HIDDEN = ("_", ".")
_UNFINISHED = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".filepart", "._copying_")


@dataclass(frozen=True)
class LandedFile:
    """A file as the listing saw it: absolute path, bytes, time of modification in nanoseconds."""

    path: str
    size: int
    modified_ns: int


def is_ignored(name: str) -> bool:
    """Whether a file or directory of this name is not data, or not yet."""
    return name.startswith(_HIDDEN) or name.lower().endswith(_UNFINISHED)


def list_files(directory: Path, resume_after: str = "") -> Iterator[LandedFile]:
    """Every data file at and below the directory, a directory's files before its directories.

    A name that is not valid UTF-8 can be kept in no table: its bytes come escaped, so that the file
    gets a state and a reason instead of stopping the others.

    Args:
        directory: where to look; nothing is found where it does not exist.
        resume_after: leave out sub-directories that sort before this path, to go on with a
            listing that was broken off; "" lists all.
    """
    pending = [os.fspath(directory)]
    resume_at = Path(resume_after).parts
    while pending:
        here = pending.pop()
        wanted = Path(here).parts >= resume_at
        below: list[str] = []
        try:
            entries = os.scandir(here)
        except FileNotFoundError:
            continue
        with entries:
            for entry in entries:
                if is_ignored(entry.name):
                    continue
                if entry.is_dir():
                    if not _leads_back(entry):
                        below.append(entry.path)
                elif wanted and (found := _stat(entry)) is not None:
                    yield found
        pending.extend(sorted(below, reverse=True))


def settled(
    files: Iterable[LandedFile],
    settle_seconds: float,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[list[LandedFile], list[LandedFile]]:
    """Split files into those that are whole and those that are still being written.

    A file that was modified less than `settle_seconds` ago is looked at again once it is that
    old: with the same size and time it is whole. Costs at most one pause of `settle_seconds`.

    Returns:
        The whole files, and those still growing, which a later run will find again.
    """
    whole: list[LandedFile] = []
    young: list[LandedFile] = []
    started = now()
    for file in files:
        age = started - file.modified_ns / 1e9
        (young if 0 <= age < settle_seconds else whole).append(file)
    if not young:
        return whole, []
    youngest = min(started - file.modified_ns / 1e9 for file in young)
    sleep(max(0.0, settle_seconds - youngest))
    growing: list[LandedFile] = []
    for file in young:
        try:
            seen = os.stat(file.path)
        except FileNotFoundError:
            continue
        same = (seen.st_size, seen.st_mtime_ns) == (file.size, file.modified_ns)
        (whole if same else growing).append(file)
    return whole, growing


def cut(
    files: Iterable[LandedFile], max_files: int, max_bytes: int | None
) -> Iterator[list[LandedFile]]:
    """Cut files into micro-batches by count and by bytes, whichever is reached first.

    The byte limit is soft: a file that is larger than it makes a micro-batch of its own.
    """
    batch: list[LandedFile] = []
    size = 0
    for file in files:
        full = len(batch) >= max_files
        if batch and (full or (max_bytes is not None and size + file.size > max_bytes)):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _leads_back(entry: os.DirEntry[str]) -> bool:
    """Whether the directory is a link to one it stands in: following it would not end."""
    if not entry.is_symlink():
        return False
    target = os.path.realpath(entry.path)
    here = os.path.realpath(os.path.dirname(entry.path))
    return os.path.commonpath([target, here]) == target


def _stat(entry: os.DirEntry[str]) -> LandedFile | None:
    try:
        seen = entry.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(seen.st_mode):
        return None
    path = entry.path.encode("utf-8", "backslashreplace").decode("utf-8")
    return LandedFile(path, seen.st_size, seen.st_mtime_ns)
