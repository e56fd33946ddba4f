"""Every output mode on events that come late and twice, against plain Python."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import OutputMode, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, in_order, raw, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.usefixtures("spark")

source = raw("beats")
FIELDS = {
    "id": pa.int64(),
    "at": pa.timestamp("us", tz="UTC"),
    "sensor": pa.string(),
    "value": pa.int64(),
}
NOON = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
LATENESS, WINDOW = timedelta(minutes=10), timedelta(minutes=5)
Row = dict[str, Any]


def beat(key: int, minute: float, sensor: str, value: int) -> Row:
    return {"id": key, "at": NOON + timedelta(minutes=minute), "sensor": sensor, "value": value}


BATCHES: list[list[Row]] = [
    [beat(1, 0, "a", 1), beat(1, 0, "a", 1), beat(2, 2, "b", 2), beat(3, 6, "a", 3)],
    # 2 is re-sent; 4 is late but within the watermark; then time moves on by an hour.
    [beat(2, 2, "b", 2), beat(4, 1, "a", 5), beat(5, 7, "b", 4), beat(6, 60, "a", 6)],
    # 7 is too late for anything; 8 is new in a window that is there; 6 is re-sent.
    [beat(7, 3, "a", 100), beat(8, 61, "a", 7), beat(6, 60, "a", 6), beat(9, 66, "b", 8)],
]


def on_time(batches: Sequence[Sequence[Row]], end: Callable[[Row], datetime]) -> list[Row]:
    """Rows not behind the watermark, which is that of the micro-batches before."""
    watermark, taken = datetime.min.replace(tzinfo=timezone.utc), []
    for batch in batches:
        taken += [row for row in batch if end(row) > watermark]
        newest = max(row["at"] for row in batch)
        watermark = max(watermark, newest - LATENESS)
    return taken


def window_of(row: Row) -> datetime:
    minutes = (row["at"] - NOON) // WINDOW
    start: datetime = NOON + minutes * WINDOW
    return start


def deduplicated(batches: Sequence[Sequence[Row]]) -> list[Row]:
    taken = on_time(batches, lambda row: row["at"])
    return list({row["id"]: row for row in reversed(taken)}.values())


def windowed(batches: Sequence[Sequence[Row]]) -> list[Row]:
    groups: defaultdict[tuple[datetime, str], list[int]] = defaultdict(list)
    for row in on_time(batches, lambda row: window_of(row) + WINDOW):
        groups[window_of(row), row["sensor"]].append(row["value"])
    return [
        {"start": start, "sensor": sensor, "beats": len(values), "total": sum(values)}
        for (start, sensor), values in groups.items()
    ]


def by_sensor(batches: Sequence[Sequence[Row]]) -> list[Row]:
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for row in (row for batch in batches for row in batch):
        groups[row["sensor"]].append(row["value"])
    return [{"sensor": s, "beats": len(v), "total": sum(v)} for s, v in groups.items()]


def _deduplicate(beats: DataFrame) -> DataFrame:
    return beats.withWatermark("at", "10 minutes").dropDuplicatesWithinWatermark(["id"])


def _count_windows(beats: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    counted = beats.withWatermark("at", "10 minutes").groupBy(F.window("at", "5 minutes"), "sensor")
    return counted.agg(F.count("*").alias("beats"), F.sum("value").alias("total")).selectExpr(
        "window.start as start", "sensor", "beats", "total", "window.end as _not_for_the_table"
    )


def _count_sensors(beats: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    counted = beats.groupBy("sensor")
    return counted.agg(
        F.count("*").alias("beats"),
        F.sum("value").alias("total"),
        F.max("id").alias("_not_for_the_table"),
    )


APPEND = SilverTable(name="deduplicated", source=source, transform=_deduplicate)
UPDATE = SilverTable(
    name="windowed",
    source=source,
    transform=_count_windows,
    keys=("start", "sensor"),
    output_mode=OutputMode.UPDATE,
)
COMPLETE = SilverTable(
    name="by_sensor",
    source=source,
    transform=_count_sensors,
    output_mode=OutputMode.COMPLETE,
)


@pytest.mark.parametrize(
    ("table", "oracle"),
    [(APPEND, deduplicated), (UPDATE, windowed), (COMPLETE, by_sensor)],
    ids=["append", "update", "complete"],
)
def test_each_output_mode_gives_what_its_rows_say(
    lake: Lake,
    table: SilverTable,
    oracle: Callable[[Sequence[Sequence[Row]]], list[Row]],
) -> None:
    told: list[str] = []
    for number, batch in enumerate(BATCHES, 1):
        append(lake.path(source), batch, FIELDS)
        done = run(table, lake, progress=told.append)
        assert done.batches >= 1
        assert done.rows.conserved
        assert in_order(rows(lake.path(table))) == in_order(oracle(BATCHES[:number])), number
    # One row comes behind the watermark of the transform's own, which the complete mode ignores.
    lost = [line for line in told if "are in no table" in line]
    assert [line[:6] for line in lost] == ([] if table is COMPLETE else ["1 rows"])
    # A crash after the rows were written and before that was noted: nothing is added twice.
    checkpoint = lake.stream_directory(table)
    newest = max(int(p.name) for p in (checkpoint / "commits").iterdir() if p.name.isdigit())
    (checkpoint / "commits" / str(newest)).unlink()
    (checkpoint / "_consumed.json").unlink()
    run(table, lake)
    assert in_order(rows(lake.path(table))) == in_order(oracle(BATCHES))
