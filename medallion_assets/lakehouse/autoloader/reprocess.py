"""Take files again that a stream has taken before: by name, by pattern, by time.

The files are entered into the ledger once more, as new micro-batches; the stream's next run takes
them. A bronze table loses the rows it had from them first, so that nothing is there twice; a table
written with `read_stream` gets the rows again.
"""

from __future__ import annotations

import datetime
import fnmatch
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, cut
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.ledger_rows import Cause
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError


@dataclass(frozen=True)
class Wanted:
    """Which files to take again: those that fulfil all that is given.

    Args:
        files: their paths, absolute or below the landing directory.
        pattern: a glob for the path below the landing directory, in which `*` crosses directories.
        modified_after: only files modified later.
        modified_before: only files modified earlier.

    Raises:
        OptionError: nothing is given; to take everything again, rebuild the table.
    """

    files: tuple[str, ...] = ()
    pattern: str | None = None
    modified_after: datetime.datetime | None = None
    modified_before: datetime.datetime | None = None

    def __post_init__(self) -> None:
        if not (self.files or self.pattern or self.modified_after or self.modified_before):
            raise OptionError(
                "Which files to reprocess? Give files, a pattern, or times of modification. To "
                "take all of them again, rebuild the table."
            )

    def holds(self, directory: Path, file: LandedFile) -> bool:
        """Whether the file is wanted."""
        below = os.path.relpath(file.path, directory)
        modified = datetime.datetime.fromtimestamp(file.modified_ns / 1e9, datetime.timezone.utc)
        return (
            (not self.files or file.path in self.files or below in self.files)
            and (self.pattern is None or fnmatch.fnmatchcase(below, self.pattern))
            and (self.modified_after is None or modified > self.modified_after)
            and (self.modified_before is None or modified < self.modified_before)
        )


@dataclass(frozen=True)
class Requested:
    """What will be taken again.

    Attributes:
        files: entered into the ledger once more.
        gone: wanted files that are not in the landing directory any more.
        waiting: wanted files that the next run takes anyway.
    """

    files: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def reprocess(
    directory: Path, ledger: FileLedger, options: CloudFilesOptions, wanted: Wanted
) -> Requested:
    """Enter files once more; the caller holds the stream's lock.

    Args:
        directory: the landing directory.
        ledger: of the stream.
        options: the limits of a micro-batch.
        wanted: which files.

    Raises:
        OptionError: a file is named that the stream never saw.
    """
    last = ledger.last_commit()
    again: list[LandedFile] = []
    gone: list[str] = []
    waiting: list[str] = []
    for entry in ledger.entries():
        if not wanted.holds(directory, entry.file):
            continue
        if last is None or entry.batch > last:
            waiting.append(entry.file.path)
        elif (now := _now(entry.file.path)) is None:
            gone.append(entry.file.path)
        else:
            again.append(now)
    _check_named(wanted, directory, {*gone, *waiting, *(file.path for file in again)})
    again.sort(key=lambda file: (file.modified_ns, file.path))
    limits = options.max_files_per_trigger, options.max_bytes_per_trigger
    ledger.discovered(cut(again, *limits), cause=Cause.REPROCESS)
    return Requested(tuple(file.path for file in again), tuple(gone), tuple(waiting))


def _check_named(wanted: Wanted, directory: Path, found: set[str]) -> None:
    unseen = [name for name in wanted.files if not {name, str(directory / name)} & found]
    if unseen:
        raise OptionError(
            f"{unseen[0]} was never taken from {directory}, so it can't be taken again. Give the "
            "path as the file ledger has it, or below the landing directory."
        )


def _now(path: str) -> LandedFile | None:
    try:
        seen = os.stat(path)
    except OSError:
        return None
    return LandedFile(path, seen.st_size, seen.st_mtime_ns)


def names(requested: Requested) -> Iterator[str]:
    """What was requested, for people: a line for each kind that there is."""
    for files, what in (
        (requested.files, "will be taken again by the next run"),
        (requested.waiting, "will be taken by the next run anyway"),
        (requested.gone, "can't be taken again: gone from the landing directory"),
    ):
        if files:
            number = "1 file" if len(files) == 1 else f"{len(files):,} files"
            yield f"{number} {what}, such as {files[0]}"
