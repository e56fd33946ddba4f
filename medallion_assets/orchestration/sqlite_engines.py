"""SQLAlchemy engines that stay, each with one open connection to its SQLite database."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import create_engine, event
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_LATEST = 4
"""Each run has a database of its own, and a server looks at many."""

_of_parents: list[OrderedDict[str, Engine]] = []
"""A forked process must neither use nor close what its parent has opened."""


class SqliteEngines:
    """The engines of the databases used last, by their addresses."""

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def engine(self, address: str) -> Engine:
        """The engine of a database; that of the one not used for longest is closed for it.

        Args:
            address: such as `sqlite:////home/runs.db`.
        """
        if self._process != os.getpid():
            _of_parents.append(self._engines)
            self._begin()
        with self._lock:
            engine = self._engines.pop(address, None) or _opened(address)
            self._engines[address] = engine
            if len(self._engines) > _LATEST:
                self._engines.popitem(last=False)[1].dispose()
        return engine

    def close(self) -> None:
        """Close all connections; whoever comes next opens them again."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()


def _opened(address: str) -> Engine:
    # Threads that come at the same time get connections of their own, which are not kept.
    engine = create_engine(
        address,
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=-1,
        # A connection goes from thread to thread, but only one has it at a time.
        connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _sync_at_checkpoints)
    return engine


def _sync_at_checkpoints(connection: Any, _: object) -> None:
    """Leave each commit's fsync out: 800 in a run of the sample tables.

    The write-ahead log keeps the database whole, also when power fails. The last events may be
    missing then, as may the tables' own last commits, which nobody syncs either.
    """
    connection.execute("PRAGMA synchronous=NORMAL").close()
