"""Whether something may be new for a table, found out as cheaply as it can be.

A round asks this of every table, each second, for days. So nothing is opened where nothing has
moved: a landing directory tells of its files by itself, and a commit of a Delta table changes its
log's directory. Both can miss something (a file system that tells nothing, a commit within the
clock's tick), so all is looked at whole from time to time.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from medallion_assets.lakehouse.autoloader.discovery import Selection
from medallion_assets.lakehouse.autoloader.discovery.notifications import Notifications
from medallion_assets.lakehouse.errors import BrokerUnavailableError
from medallion_assets.lakehouse.lag import Lag
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams import sources
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    LandingDirectory,
    SilverTable,
    Table,
)
from medallion_assets.orchestration.source_look import look_at

WHOLE_LOOK_SECONDS = 10.0
LOOK_BUDGET_SECONDS = 20.0


class News(Protocol):
    """What is new for one table."""

    def waiting(self) -> bool:
        """Whether something may be there; True until it was taken."""
        ...

    def taken(self) -> None:
        """All that was there when `waiting` was asked last is taken."""
        ...

    @property
    def mark(self) -> object:
        """Moves when something new has come."""
        ...

    def close(self) -> None:
        """Want no more news."""
        ...


def news_of(table: Table, lake: Lake) -> News:
    """The news of a table."""
    if isinstance(table, BronzeTable):
        return SourceNews(table, lake)
    if isinstance(table, (SilverTable, GoldTable)):
        return TableNews(table, lake)
    raise TypeError(f"{table.full_name} is not a bronze, silver or gold table")


@dataclass
class TableNews:
    """Commits of the tables that a silver or gold table reads."""

    table: SilverTable | GoldTable
    lake: Lake
    _waiting: bool = field(default=False, init=False)
    _quiet: tuple[int, ...] | None = field(default=None, init=False)
    _next_whole_look: float = field(default=0.0, init=False)

    def waiting(self) -> bool:
        """Whether a table it reads has a version that it has not."""
        moments, now = self.mark, time.monotonic()
        if not self._waiting and (moments != self._quiet or now >= self._next_whole_look):
            self._waiting = bool(Lag.of(self.table, self.lake).unread)
            # Before the look: what is committed meanwhile is another moment.
            self._quiet = moments
            self._next_whole_look = now + WHOLE_LOOK_SECONDS
        return self._waiting

    def taken(self) -> None:
        """Look again where something has moved."""
        self._waiting, self._quiet = False, None

    @property
    def mark(self) -> tuple[int, ...]:
        """When the tables it reads were committed to last."""
        return tuple(
            _changed(os.fspath(self.lake.path(read) / "_delta_log"))
            for read in sources.read(self.table).values()
        )

    def close(self) -> None:
        """Nothing: nothing is held."""


def _changed(directory: str) -> int:
    try:
        return os.stat(directory).st_mtime_ns
    except FileNotFoundError:
        return 0


@dataclass
class SourceNews:
    """Files or events of a bronze table's source.

    A local landing directory tells by itself; any other source is looked at each time.
    """

    table: BronzeTable
    lake: Lake
    clock: Callable[[], float] = time.monotonic
    _waiting: bool = field(default=False, init=False)
    _times_told: int = field(default=0, init=False)
    _signature: str = field(default="", init=False)
    _next_whole_look: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._selection, self._notifications = None, None
        if isinstance(self.table.source, LandingDirectory):
            self._selection = Selection.of(self.table.source.cloud_files_options())
            self._notifications = self._opened(self._selection)

    def waiting(self) -> bool:
        """Whether the source may hold something that the table does not."""
        told = self._told()
        if told:
            self._times_told += 1
        if told or (told is None and self._seen()):
            self._waiting = True
        return self._waiting

    def taken(self) -> None:
        """Wait for the next news."""
        self._waiting = False

    @property
    def mark(self) -> tuple[int, str]:
        """How often files were told of, and what the last look saw."""
        return self._times_told, self._signature

    def close(self) -> None:
        """Want no more news."""
        if self._notifications is not None:
            self._notifications.close()
            self._notifications = None

    def _told(self) -> bool | None:
        """Whether files were told of; None where only a look can say."""
        if self._notifications is None or self._selection is None:
            return None
        try:
            told = self._notifications.told()
        except OSError:
            self.close()
            return None
        if any(map(self._selection.takes_path, told.paths)):
            return True
        if not told.complete or self.clock() >= self._next_whole_look:
            return None
        return False

    def _seen(self) -> bool:
        began = self.clock()
        try:
            look = look_at(self.table, self.lake, budget_seconds=LOOK_BUDGET_SECONDS)
        except BrokerUnavailableError:
            # Said by the try to take what is there, which also knows when to try again.
            return True
        finally:
            # Of a directory with very many files, a twentieth of the time at most.
            took = self.clock() - began
            self._next_whole_look = self.clock() + max(WHOLE_LOOK_SECONDS, 20 * took)
        self._signature = look.signature
        return look.seen.waiting or look.may_follow

    def _opened(self, selection: Selection) -> Notifications | None:
        # No inotify on this system, or no more watches: the directory is looked at each time.
        with suppress(ImportError, OSError):
            from medallion_assets.lakehouse.autoloader.discovery.directory_notifications import (
                DirectoryNotifications,
            )

            return DirectoryNotifications(self.lake.landing_path(self.table.source), selection)
        return None
