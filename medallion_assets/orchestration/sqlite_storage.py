"""Dagster's own SQLite storage, which keeps what it has opened.

Dagster makes an SQLAlchemy engine for every single access: 900 in a run over the 16 sample tables,
with as many connections and 780 statements compiled anew. The files are the same: a `dagster.yaml`
without this storage has Dagster's own over them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite_storage import (
    DagsterSqliteStorage,
    _event_logs_directory,
    _runs_directory,
    _schedule_directory,
)

from medallion_assets.orchestration.sqlite_engines import SqliteEngines

if TYPE_CHECKING:
    from dagster._core.events.log import EventLogEntry
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection


class KeptSqliteStorage(DagsterSqliteStorage):
    """Runs and events in SQLite, by engines that stay; named in `dagster.yaml`.

    Schedules are asked by the daemon, and an instance does not say when their storage may close.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self.base_dir = base_dir
        self._run_storage = _Runs.from_local(_runs_directory(base_dir))
        self._event_log_storage = _Events(_event_logs_directory(base_dir))
        self._schedule_storage = SqliteScheduleStorage.from_local(_schedule_directory(base_dir))
        self._inst_data = inst_data
        # Not that of the class between, which would open each database once more.
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Any
    ) -> KeptSqliteStorage:
        """As Dagster makes it from what `dagster.yaml` says."""
        return cls.from_local(inst_data=inst_data, **config_value)


class _Runs(SqliteRunStorage):
    def __init__(self, conn_string: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = SqliteEngines()
        super().__init__(conn_string, inst_data)

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        with self._engines.engine(self._conn_string).begin() as connection:
            yield connection

    def dispose(self) -> None:
        self._engines.close()


class _Events(SqliteEventLogStorage):
    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines = SqliteEngines()
        super().__init__(base_dir, inst_data)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engines.engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def store_event(self, event: EventLogEntry) -> None:
        super().store_event(event)
        # Who follows a run, as the UI does, watches its database's file. That was written with
        # each connection's end; what a connection that stays has written is in another file.
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        # It takes the files away.
        self._engines.close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._engines.close()
