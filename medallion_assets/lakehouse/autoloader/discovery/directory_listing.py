"""The listing of a local directory: names first, the rest only where it is asked for."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery.descent import Descent, is_directory
from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile, kept_path
from medallion_assets.lakehouse.autoloader.discovery.selection import Selection
from medallion_assets.lakehouse.materialization import FailedFile

CHUNK = 50_000
"""Names that are held at a time."""


@dataclass(frozen=True)
class Paths:
    """A chunk of a listing: paths as the file system spells them."""

    paths: Sequence[str]

    def files(self, positions: Sequence[int]) -> Iterator[LandedFile | FailedFile]:
        """What the paths at these positions are; nothing for one that is gone."""
        for position in positions:
            seen = look_at(self.paths[position])
            if seen is not None:
                yield seen


class DirectoryListing:
    """One pass over a directory and those below it, a directory's files before its directories.

    Types come with the names, so no file is looked at. What can't be listed does not stop the rest.

    Attributes:
        unreadable: the directories that could not be listed, and why.
        stopped_before: the directory at which the pass ran out of time; None after a whole one.
    """

    def __init__(
        self,
        directory: Path,
        selection: Selection,
        *,
        resume_after: str = "",
        deadline: float = float("inf"),
        chunk: int = CHUNK,
    ) -> None:
        """A pass that is yet to begin.

        Args:
            directory: where to look; nothing is found where it does not exist.
            selection: which directories can be left out.
            resume_after: leave out sub-directories that sort before this path, to go on with a
                listing that was broken off; "" lists all.
            deadline: when to break off, in `time.monotonic()`. Only between directories: within one
                there is no position to go on from.
            chunk: how many names to hold at a time.
        """
        self.unreadable: list[FailedFile] = []
        self.stopped_before: str | None = None
        self._descent = Descent(os.fspath(directory), selection)
        self._resume_at = Path(resume_after).parts
        self._deadline = deadline
        self._chunk = chunk

    def __iter__(self) -> Iterator[Paths]:
        """The names, chunk by chunk."""
        pending, names, begun = [self._descent.root], list[str](), False
        while pending:
            here = pending.pop()
            wanted = not self._resume_at or Path(here).parts >= self._resume_at
            if begun and wanted and time.monotonic() > self._deadline:
                self.stopped_before = here
                break
            below: list[str] = []
            for path in self._scan(here, below):
                if not wanted:
                    continue
                names.append(path)
                begun = True
                if len(names) >= self._chunk:
                    yield Paths(names)
                    names = []
            pending.extend(sorted(below, reverse=True))
        if names:
            yield Paths(names)

    def _scan(self, here: str, below: list[str]) -> Iterator[str]:
        """The paths of a directory's files; its directories are added to `below`."""
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    if not is_directory(entry):
                        yield entry.path
                    elif self._descent.leads_on(entry.path, is_link=entry.is_symlink()):
                        below.append(entry.path)
        except FileNotFoundError:
            return
        except OSError as error:
            self.unreadable.append(
                FailedFile(kept_path(here), f"the directory can't be listed: {error.strerror}")
            )


def look_at(path: str) -> LandedFile | FailedFile | None:
    """What is at a path; None where nothing is any more."""
    try:
        seen = os.stat(path)
    except FileNotFoundError:
        if Path(path).is_symlink():
            return FailedFile(kept_path(path), "a link to something that is not there")
        return None
    except OSError as error:
        return FailedFile(kept_path(path), f"it can't be looked at: {error.strerror}")
    if not stat.S_ISREG(seen.st_mode):
        return FailedFile(kept_path(path), "neither a file nor a directory")
    if not os.access(path, os.R_OK):
        # Not left to the reader: once it may be read it has the same size and time as before.
        return FailedFile(kept_path(path), "it may not be read: Permission denied")
    return LandedFile(kept_path(path), seen.st_size, seen.st_mtime_ns)
