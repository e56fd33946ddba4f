"""Rows behind the watermark are kept, each once; those before it are counted, each once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import silver
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.tables import OutputMode, SilverTable, Watermark
from medallion_assets_tests.lakehouse.delta_rows import Row, append, raw, rows, run
from medallion_assets_tests.lakehouse.streams.killed_runs import KILLS, KilledRuns
from medallion_assets_tests.lakehouse.streams.watermark_oracle import WatermarkOracle

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.usefixtures("spark")

NOON = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
WINDOW = timedelta(minutes=5)
FIELDS = {
    "id": pa.int64(),
    "at": pa.timestamp("us", tz="UTC"),
    "sensor": pa.string(),
    "value": pa.decimal128(10, 2),
}
beats = raw("beats")


def counted_by_window(beats: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    counted = beats.groupBy(F.window("at", "5 minutes"), "sensor").count()
    return counted.selectExpr("window.start as start", "sensor", "count")


def windows(mode: OutputMode) -> SilverTable:
    return SilverTable(
        name="windows",
        source=beats,
        watermarks={"beats": Watermark("at", "10 minutes", late_by="window(at, '5 minutes').end")},
        transform=counted_by_window,
        keys=("start", "sensor") if mode is OutputMode.UPDATE else (),
        output_mode=mode,
    )


def window_of(row: Row) -> datetime:
    start: datetime = NOON + (row["at"] - NOON) // WINDOW * WINDOW
    return start


def expected(
    runs: Sequence[Sequence[list[Row]]], mode: OutputMode
) -> tuple[Counter[tuple[datetime, str]], list[int]]:
    """The count of each window and sensor that is in the table, and the late rows."""
    oracle, late = WatermarkOracle({"beats": timedelta(minutes=10)}), []
    counts: Counter[tuple[datetime, str]] = Counter()
    for commits in runs:
        for taken in commits:
            behind = oracle.micro_batch({"beats": [row["at"] for row in taken]})
            for row in taken:
                if row["at"] is None or window_of(row) + WINDOW <= behind:
                    late.append(row["id"])
                else:
                    counts[window_of(row), row["sensor"]] += 1
        oracle.end_of_run()
    if mode is OutputMode.APPEND:
        for start, sensor in list(counts):
            if start + WINDOW > oracle.watermark:
                del counts[start, sensor]
    return counts, sorted(late)


@pytest.mark.parametrize(
    ("mode", "kills"), [(OutputMode.APPEND, KILLS[:2]), (OutputMode.UPDATE, KILLS[2:])]
)
def test_every_row_is_in_its_window_or_late_whatever_happens_when(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, mode: OutputMode, kills: Sequence[str]
) -> None:
    monkeypatch.setattr(silver, "_BYTES_PER_TRIGGER", "1b")
    dice, table, keys = Random(4), windows(mode), iter(range(1000))
    taking = KilledRuns(table, lake, monkeypatch)
    history: list[list[list[Row]]] = []
    for number, kill in enumerate(kills):
        history.append([])
        for start in (40 * number, 40 * number + 15):
            minutes = [start + dice.randint(-60, 15) for _ in range(20)]
            taken = [beat(next(keys), minute, dice.choice("ab")) for minute in minutes]
            taken[0]["at"] = None
            append(lake.path(beats), taken, FIELDS)
            history[-1].append(taken)
        taking.run(kill)
        counts, late = expected(history, mode)
        found = [((r["start"], r["sensor"]), r["count"]) for r in rows(lake.path(table))]
        assert sorted(found) == sorted(counts.items())
        kept = [json.loads(r["row"])["id"] for r in rows(lake.late_path(table))]
        assert sorted(kept) == late
    late_rows = DeltaLog(lake.late_path(table)).row_count()
    assert late_rows > 10
    # Of groups, which may have several rows each.
    assert 0 < taking.dropped_by_watermark() <= late_rows


def beat(key: int, minute: float, sensor: str = "a", value: Any = None) -> Row:
    return {"id": key, "at": NOON + timedelta(minutes=minute), "sensor": sensor, "value": value}


def test_where_operators_can_not_follow_each_other_their_own_watermark_counts(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silver, "_BYTES_PER_TRIGGER", "1b")
    table = SilverTable(
        name="once",
        source=beats,
        watermarks={"beats": Watermark("at", "10 minutes")},
        transform=lambda beats: beats.dropDuplicatesWithinWatermark(["id"]),
    )
    append(lake.path(beats), [beat(1, 60)], FIELDS)
    append(lake.path(beats), [beat(2, 45), beat(3, 50, value=12), beat(4, 50.001)], FIELDS)
    setting = "spark.sql.streaming.statefulOperator.allowMultiple"
    # The session that runs it, which need not be the one the suite began with.
    session = start_spark()
    session.conf.set(setting, "false")
    try:
        done = run(table, lake)
    finally:
        session.conf.unset(setting)
    # The watermark of the micro-batch before is none; the first one moved it to 12:50.
    assert {r["id"] for r in rows(lake.path(table))} == {1, 4}
    two, three = sorted(rows(lake.late_path(table)), key=lambda row: str(row["event_time"]))
    assert done.rows.late == 2
    assert json.loads(two["row"])["id"] == 2
    assert three["source"] == "bronze.beats"
    assert three["event_time"] == three["watermark"] == NOON + timedelta(minutes=50)
    assert json.loads(three["row"]) == {
        "id": 3, "at": "2026-11-01T12:50:00.000000Z", "sensor": "a", "value": 12.0,
    }  # fmt: skip
