"""News of files in a local directory, from Linux' inotify."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inotify_simple import INotify, flags

from medallion_assets.lakehouse.autoloader.discovery.descent import Descent, is_directory
from medallion_assets.lakehouse.autoloader.discovery.notifications import Told
from medallion_assets.lakehouse.autoloader.discovery.selection import Selection

if TYPE_CHECKING:
    from inotify_simple import Event

_EVENTS = (
    flags.CREATE
    | flags.CLOSE_WRITE
    | flags.ATTRIB
    | flags.MOVED_FROM
    | flags.MOVED_TO
    | flags.MOVE_SELF
    | flags.ONLYDIR
)
_NO_MORE_WATCHES = (errno.ENOSPC, errno.ENOMEM)
_MOST_PATHS = 100_000


class DirectoryNotifications:
    """Watches a directory and those below it, also those that are made later.

    A directory is watched first and listed then, so that a file that lands between the two is told
    rather than missed. What can't be told completely (the kernel's queue was full, a directory may
    not be listed) is said to be incomplete, and so is what was there at the start.
    """

    def __init__(self, directory: Path, selection: Selection) -> None:
        """Watch.

        Args:
            directory: need not exist yet.
            selection: which directories can be left out.

        Raises:
            OSError: the system's limit of watches (`fs.inotify.max_user_watches`) or of watchers
                (`fs.inotify.max_user_instances`) is reached.
        """
        self._descent = Descent(os.fspath(directory), selection)
        self._inotify = INotify(nonblocking=True)
        # A directory that is reached in two ways is watched once.
        self._watched: dict[int, list[str]] = {}
        self._unwatched: set[str] = set()
        self._paths: dict[str, None] = {}
        self._complete = False
        try:
            self._watch(self._descent.root)
        except OSError:
            self.close()
            raise

    def told(self) -> Told:
        """What came since the last call; does not wait.

        Raises:
            OSError: as when it was made.
        """
        for directory in sorted(self._unwatched):
            self._watch(directory)
        for event in self._inotify.read(timeout=0):
            self._take(event)
        told = Told(tuple(self._paths), self._complete)
        self._paths, self._complete = {}, True
        return told

    def acknowledge(self) -> None:
        """Nothing: the kernel tells everything once."""

    def close(self) -> None:
        """Stop watching."""
        self._inotify.close()

    def _take(self, event: Event) -> None:
        if event.mask & flags.Q_OVERFLOW:
            self._lose()
            # Directories may have been made unnoticed.
            self._watch(self._descent.root)
            return
        for directory in self._watched.get(event.wd, ()):
            if event.mask & flags.IGNORED:
                self._gone(directory)
            elif event.mask & flags.MOVE_SELF:
                if directory == self._descent.root:
                    self._forget(directory)
                    self._gone(directory)
            else:
                self._changed(f"{directory}/{event.name}", event.mask)
        if event.mask & flags.IGNORED:
            self._watched.pop(event.wd, None)

    def _changed(self, path: str, mask: int) -> None:
        if mask & flags.ISDIR:
            if mask & flags.MOVED_FROM:
                self._forget(path)
            elif mask & (flags.CREATE | flags.MOVED_TO) and self._leads_on(path, is_link=False):
                self._watch(path)
        elif mask & (flags.CREATE | flags.MOVED_TO):
            self._arrived(path, whole=bool(mask & flags.MOVED_TO))
        elif mask & (flags.CLOSE_WRITE | flags.ATTRIB):
            self._tell(path)

    def _arrived(self, path: str, *, whole: bool) -> None:
        try:
            seen = os.lstat(path)
            is_link = stat.S_ISLNK(seen.st_mode)
            to_directory = is_link and stat.S_ISDIR(os.stat(path).st_mode)
        except OSError:
            # What is wrong with it is said when it is looked at.
            self._tell(path)
            return
        if to_directory:
            if self._leads_on(path, is_link=True):
                self._watch(path)
        elif whole or is_link or seen.st_nlink > 1:
            # Another new file is still open: that it was closed will be told.
            self._tell(path)

    def _watch(self, directory: str) -> None:
        """Watch a directory and those below, and tell of the files that are in them already."""
        pending = [directory]
        while pending:
            here = pending.pop()
            try:
                paths = self._watched.setdefault(self._inotify.add_watch(here, _EVENTS), [])
                if here not in paths:
                    paths.append(here)
                with os.scandir(here) as entries:
                    for entry in entries:
                        if not is_directory(entry):
                            self._tell(entry.path)
                        elif self._leads_on(entry.path, is_link=entry.is_symlink()):
                            pending.append(entry.path)
                self._unwatched.discard(here)
            except (FileNotFoundError, NotADirectoryError):
                self._gone(here)
            except OSError as error:
                if error.errno in _NO_MORE_WATCHES:
                    raise
                if here not in self._unwatched:
                    # Why it can't be listed is for a listing to say.
                    self._unwatched.add(here)
                    self._lose()

    def _forget(self, directory: str) -> None:
        """Watch a directory and those below no more: it has another name now."""
        for descriptor, paths in list(self._watched.items()):
            kept = [p for p in paths if p != directory and not p.startswith(f"{directory}/")]
            if kept:
                self._watched[descriptor] = kept
            else:
                del self._watched[descriptor]
                # Refused where the directory is gone, and the watch with it.
                with suppress(OSError):
                    self._inotify.rm_watch(descriptor)
        self._unwatched = {p for p in self._unwatched if not p.startswith(f"{directory}/")}

    def _gone(self, directory: str) -> None:
        self._unwatched.discard(directory)
        if directory == self._descent.root:
            # Of any other the directory above tells when it is made again.
            self._unwatched.add(directory)

    def _leads_on(self, directory: str, *, is_link: bool) -> bool:
        return self._descent.leads_on(directory, is_link=is_link)

    def _tell(self, path: str) -> None:
        if self._complete:
            self._paths[path] = None
            if len(self._paths) > _MOST_PATHS:
                self._lose()

    def _lose(self) -> None:
        self._paths, self._complete = {}, False
