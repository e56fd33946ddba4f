"""Discovery beside a query that goes on: by listing, or by being told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile, Settling
from medallion_assets.lakehouse.autoloader.discovery.directory_listing import look_at
from medallion_assets.lakehouse.autoloader.discovery.notifications import Notifications, Told
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory
from medallion_assets.lakehouse.delta_log import DeltaLog, TableVersion
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from medallion_assets.lakehouse.autoloader.stream import FileStream, Progress

_LISTING_PAUSE_SECONDS = 1.0
_TOLD_PAUSE_SECONDS = 0.1
_MOST_UNSETTLED = 100_000
_CLEANING_PAUSE_SECONDS = 60.0
_LIMITS = "the limits are fs.inotify.max_user_watches and fs.inotify.max_user_instances"


@dataclass
class Watch:
    """Looks for new files again and again while a query runs, and cleans away old ones.

    Without `cloudFiles.useNotifications` the directory is listed once a second; where that takes
    longer, half of the time. With it everything is listed once, and from then on only paths that
    were told are looked at: until something may have been missed, or `cloudFiles.backfillInterval`
    has passed.

    Args:
        stream: whose ledger gets the files.
        progress: of the run; gets what can't be taken.
        say: tells the user something.
    """

    stream: FileStream
    progress: Progress
    say: Callable[[str], None]
    _notifications: Notifications | None = field(default=None, init=False)
    _open: bool = field(default=False, init=False)
    _next_look: float = field(default=0.0, init=False)
    _next_listing: float = field(default=0.0, init=False)
    _next_cleaning: float = field(default=0.0, init=False)
    _settling: Settling = field(init=False)
    _known: _LastKnown = field(init=False)

    def __post_init__(self) -> None:
        self._settling = Settling(self.stream.settle_seconds, wait=False)
        self._known = _LastKnown(self.stream)
        self._next_look = time.monotonic() + _LISTING_PAUSE_SECONDS

    def look(self) -> None:
        """Look, if it is time to; never waits for a file to settle."""
        begun = time.monotonic()
        if begun >= self._next_cleaning:
            self.progress.cleaned += self.stream.clean()
            self._next_cleaning = time.monotonic() + _CLEANING_PAUSE_SECONDS
        if self.stream.options.use_notifications and not self._open:
            self._open_notifications()
        elif begun < self._next_look:
            return
        told = self._told()
        if told is None:
            self._list()
        else:
            self._take(told)
        took = time.monotonic() - begun
        pause = _LISTING_PAUSE_SECONDS if self._notifications is None else _TOLD_PAUSE_SECONDS
        self._next_look = time.monotonic() + max(pause, took)

    def close(self) -> None:
        """Want no more news."""
        if self._notifications is not None:
            self._notifications.close()
            self._notifications = None

    def _told(self) -> Told | None:
        """The news, None where all has to be listed."""
        if self._notifications is None:
            return None
        try:
            told = self._notifications.told()
        except OSError as error:
            self._give_up(f"{error}; {_LIMITS}")
            return None
        return told if told.complete and time.monotonic() < self._next_listing else None

    def _list(self) -> None:
        interval = self.stream.options.backfill_seconds
        self._next_listing = float("inf") if interval is None else time.monotonic() + interval
        self.progress.note(self.stream.discover(settling=self._settling).unreadable)
        if self._notifications is None:
            return
        self._notifications.acknowledge()
        self._known.forget()
        if len(self._settling.left) > _MOST_UNSETTLED:
            self._settling.left.clear()
            self._next_listing = time.monotonic() + self._settling.seconds

    def _take(self, told: Told) -> None:
        """Put told files that are new and whole into the ledger."""
        left = (file.path for file in self._settling.left)
        paths = dict.fromkeys((*left, *told.paths))
        if not paths:
            return
        whole = [file for chunk in self._settling.whole([self._seen(paths)]) for file in chunk]
        if whole:
            new = self._known.new(whole)
            self.stream.enter(iter([new]))
            self._known.add(new)
        if self._notifications is not None:
            self._notifications.acknowledge()

    def _seen(self, paths: Iterable[str]) -> list[LandedFile]:
        selection = self.stream.selection
        files: list[LandedFile] = []
        for path in paths:
            seen = look_at(path) if selection.takes_path(path) else None
            if isinstance(seen, FailedFile):
                self.progress.note([seen])
            elif seen is not None and selection.takes_file(seen):
                files.append(seen)
        return files

    def _open_notifications(self) -> None:
        self._open = True
        directory = self.stream.directory
        if isinstance(directory, ObjectDirectory):
            self._give_up("no queue of a store is read here")
            return
        try:
            from medallion_assets.lakehouse.autoloader.discovery.directory_notifications import (
                DirectoryNotifications,
            )

            self._notifications = DirectoryNotifications(directory, self.stream.selection)
        except ImportError as error:
            self._give_up(str(error))
        except OSError as error:
            self._give_up(f"{error}; {_LIMITS}")

    def _give_up(self, reason: str) -> None:
        self.close()
        self.say(
            f"cloudFiles.useNotifications: {self.stream.directory} can't be watched, so it is "
            f"listed every second instead: {reason}"
        )


@dataclass
class _LastKnown:
    """The known files, read again only where the ledger's failures have changed.

    While a run goes on nothing else adds to the ledger's files than the run itself.
    """

    stream: FileStream
    _files: KnownFiles | None = None
    _failures: TableVersion | None = None

    def new(self, files: list[LandedFile]) -> list[LandedFile]:
        """Those of the files that are to be taken."""
        failures = DeltaLog(self.stream.ledger.directory / "failures").version()
        if self._files is None or failures != self._failures:
            by_version = self.stream.options.allow_overwrites
            self._files = self.stream.ledger.known(by_version=by_version)
            self._failures = failures
        known = self._files
        return known.new([files[at] for at in known.to_look_at([file.path for file in files])])

    def add(self, files: list[LandedFile]) -> None:
        """These are in the ledger now."""
        if self._files is not None:
            self._files = self._files.plus(files)

    def forget(self) -> None:
        """The ledger has others now."""
        self._files = None
