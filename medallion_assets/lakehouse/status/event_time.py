"""How old the data of a table is, by the event times its declaration names."""

from __future__ import annotations

from datetime import datetime, timezone

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.table_checks import Fresh
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import SilverTable, Table


def data_as_of(table: Table, lake: Lake) -> datetime | None:
    """The newest event time a table has taken; None where it declares no event time.

    It declares one by a check `Fresh`, or by watermarks: of several streams with watermarks the
    slowest decides, as it does for the watermark.
    """
    for check in table.checks:
        if isinstance(check, Fresh):
            return lake.log(table).newest(check.event_time)
    if not isinstance(table, SilverTable) or not table.watermarks:
        return None
    newest = Checkpoint(lake.stream_directory(table)).event_times()
    times = [newest[name] for name in table.watermarks if name in newest]
    return datetime.fromtimestamp(min(times) / 1000, timezone.utc) if times else None
