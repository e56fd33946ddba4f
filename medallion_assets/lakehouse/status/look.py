"""One look at tables and their sources."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from deltalake.exceptions import DeltaError

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import MedallionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status.backlog import backlog
from medallion_assets.lakehouse.status.event_time import data_as_of
from medallion_assets.lakehouse.status.table_status import TableStatus
from medallion_assets.lakehouse.status.unread import unread
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Table

_AT_ONCE = 8
_UNTOLD = (MedallionError, DeltaError, OSError, ValueError, LookupError)

_Told = TypeVar("_Told")


def look(tables: Iterable[Table], lake: Lake) -> tuple[TableStatus, ...]:
    """What there is to say of each table.

    What can't be told, as of a broker that does not answer, is an error of that table; the others
    are told.

    Args:
        tables: the tables.
        lake: where they are; nothing is made where nothing is.
    """
    # Side by side: most of the time is waiting, for files and for brokers.
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="status") as threads:
        return tuple(threads.map(lambda table: _status(table, lake), tables))


def _status(table: Table, lake: Lake) -> TableStatus:
    errors: list[str] = []

    def told(ask: Callable[[], _Told | None]) -> _Told | None:
        try:
            return ask()
        except _UNTOLD as error:
            errors.append(" ".join(str(error).split()) or repr(error))
            return None

    def rows(path: Path) -> int | None:
        return told(lambda: DeltaLog(path).row_count())

    bronze = table if isinstance(table, BronzeTable) else None
    silver = table if isinstance(table, SilverTable) else None
    return TableStatus(
        name=table.full_name,
        layer=table.layer,
        stored=told(lambda: lake.log(table).stored()),
        data_as_of=told(lambda: data_as_of(table, lake)),
        backlog=told(lambda: backlog(bronze, lake)) if bronze else None,
        unread=told(lambda: unread(table, lake)) or (),
        quarantine_rows=rows(lake.quarantine_path(silver))
        if silver and silver.has_quarantine
        else None,
        late_rows=rows(lake.late_path(silver)) if silver and silver.watermarks else None,
        # The last argument: by then everything was asked.
        errors=tuple(errors),
    )
