"""Clean the landing directory: delete or move files whose rows are in the table.

A file is touched only when its newest content was committed, longer ago than the retention, and
it is still the file that was committed. The ledger is told after each portion; the run after one
that was killed in between finds those files gone, or moved, and tells it then.

Semantics: `cloudFiles.cleanSource` and its companions on the Auto Loader options page.
"""

from __future__ import annotations

import datetime
import errno
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.ledger_rows import ArchivedFile, Entry
from medallion_assets.lakehouse.autoloader.options import CleanSource, CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.materialization import FailedFile

_PORTION = 1000


@dataclass(frozen=True)
class Cleaned:
    """What a cleaning did.

    Attributes:
        files: deleted or moved.
        bytes: their size.
        kept: files that could not be, and why; they are tried again by the next run.
    """

    files: int = 0
    bytes: int = 0
    kept: tuple[FailedFile, ...] = ()

    def __add__(self, later: Cleaned) -> Cleaned:
        return Cleaned(self.files + later.files, self.bytes + later.bytes, later.kept)


def clean(
    directory: Path, ledger: FileLedger, options: CloudFilesOptions, now: datetime.datetime
) -> Cleaned:
    """Delete or move what is old enough; does nothing where cleanSource is OFF.

    Args:
        directory: the landing directory.
        ledger: says which files are committed, and is told which are gone.
        options: the mode, the retention and the destination.
        now: the time; files committed earlier than the retention before it go.
    """
    if options.clean_source is CleanSource.OFF:
        return Cleaned()
    destination = checked_destination(directory, options)
    before = now - datetime.timedelta(seconds=options.retention_seconds)
    files = size = 0
    kept: list[FailedFile] = []
    for portion in _portions(ledger.cleanable(before)):
        done: list[ArchivedFile] = []
        for entry in portion:
            try:
                location = _clean_one(entry, directory, destination)
            except OSError as error:
                kept.append(FailedFile(entry.file.path, f"it can't be cleaned away: {error}"))
                continue
            if location is not None:
                mode = options.clean_source.value
                moved = None if destination is None else str(location)
                done.append(ArchivedFile(entry.file.path, entry.batch, mode, moved))
                files, size = files + 1, size + entry.file.size
        ledger.archived(done)
    return Cleaned(files, size, tuple(kept))


def checked_destination(directory: Path, options: CloudFilesOptions) -> Path | None:
    """The directory that files are moved to, None where they are deleted.

    Raises:
        OptionError: it is inside the landing directory, from where files would be taken again.
    """
    if options.move_destination is None:
        return None
    destination = Path(options.move_destination.removeprefix("file://")).expanduser().resolve()
    if destination == directory or directory in destination.parents:
        raise OptionError(
            f"cloudFiles.cleanSource.moveDestination {destination} is inside {directory}, from "
            "where the files would be taken again. Name a directory outside of it."
        )
    return destination


def _clean_one(entry: Entry, directory: Path, destination: Path | None) -> Path | None:
    """Delete or move one file; None where it has changed since it was committed."""
    path = Path(entry.file.path)
    target = path if destination is None else destination / os.path.relpath(path, directory)
    try:
        seen = path.stat()
    except FileNotFoundError:
        return target
    if (seen.st_size, seen.st_mtime_ns // 1000) != (
        entry.file.size,
        entry.file.modified_ns // 1000,
    ):
        return None
    if destination is None:
        path.unlink(missing_ok=True)
        return target
    target = _free(target, seen.st_mtime_ns)
    target.parent.mkdir(parents=True, exist_ok=True)
    _move(path, target)
    return target


def _free(target: Path, modified_ns: int) -> Path:
    """A name that hides no earlier content of the same file."""
    if not target.exists():
        return target
    return target.with_name(f"{target.name}.{modified_ns}")


def _move(path: Path, target: Path) -> None:
    try:
        path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # another file system, to which no file can be renamed
            raise
        unfinished = target.with_name(f".{target.name}.tmp")
        shutil.copy2(path, unfinished)
        unfinished.rename(target)
        path.unlink()


def _portions(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), _PORTION):
        yield entries[start : start + _PORTION]
