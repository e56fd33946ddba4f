"""Clicks joined with orders, in any order of arrival and over kills, against plain Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import silver
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import SilverTable, Watermark
from medallion_assets_tests.lakehouse.delta_rows import Row, append, no_session, raw, rows, run
from medallion_assets_tests.lakehouse.streams.killed_runs import KILLS, KilledRuns
from medallion_assets_tests.lakehouse.streams.watermark_oracle import EPOCH, WatermarkOracle

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.usefixtures("spark")

NOON = datetime(2026, 11, 1, 12, tzinfo=timezone.utc)
TIME = pa.timestamp("us", tz="UTC")
FIELDS = {
    "clicks": {"id": pa.int64(), "customer": pa.int64(), "clicked_at": TIME},
    "orders": {"id": pa.int64(), "customer": pa.int64(), "ordered_at": TIME, "status": pa.string()},
}
TIMES = {"clicks": "clicked_at", "orders": "ordered_at"}
DELAYS = {"clicks": timedelta(minutes=10), "orders": timedelta(minutes=20)}
BOUND = timedelta(minutes=30)
STREAMS = {"clicks": raw("clicks"), "orders": raw("orders")}

Commit = tuple[str, list[Row]]


def with_orders(clicks: DataFrame, orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    within = (
        "c.customer = o.customer and "
        "ordered_at between clicked_at and clicked_at + interval 30 minutes"
    )
    both = clicks.alias("c").join(orders.alias("o"), F.expr(within), "leftOuter")
    return both.selectExpr("c.id as click", "o.id as order", "clicked_at", "ordered_at")


joined = SilverTable(
    name="joined",
    source=STREAMS["clicks"],
    joins={"orders": STREAMS["orders"]},
    watermarks={
        "clicks": Watermark("clicked_at", "10 minutes"),
        "orders": Watermark("ordered_at", "20 minutes", where="status = 'placed'"),
    },
    transform=with_orders,
)


def arrivals(dice: Random) -> list[list[Commit]]:
    """Runs of commits: both streams, one, the other, both; many rows late, some by hours."""
    keys, runs = iter(range(1000)), []
    for start, streams in ((0, "co"), (60, "cc"), (120, "oo"), (180, "oc")):
        commits = []
        for stream in [{"c": "clicks", "o": "orders"}[letter] for letter in streams]:
            minutes = [start + dice.randint(-100, 40) for _ in range(15)]
            taken = [row(stream, next(keys), dice.randint(1, 3), minute) for minute in minutes]
            taken[0]["status"] = "paid"
            taken[1][TIMES[stream]] = dice.choice([None, EPOCH])
            commits.append((stream, taken))
        runs.append(commits)
    return runs


def row(stream: str, key: int, customer: int, minute: int) -> Row:
    at = NOON + timedelta(minutes=minute)
    return {"id": key, "customer": customer, TIMES[stream]: at, "status": "placed"}


def expected(
    runs: Sequence[Sequence[Commit]],
) -> tuple[list[tuple[Any, Any]], list[tuple[str, int]]]:
    """Pairs of click and order in the table, and the late rows."""
    oracle, late = WatermarkOracle(DELAYS), []
    on_time: dict[str, list[Row]] = {"clicks": [], "orders": []}
    for commits in runs:
        files = [[taken for stream, taken in commits if stream == name] for name in on_time]
        for batch in zip_longest(*files, fillvalue=[]):
            placed = dict(zip(on_time, batch, strict=True))
            placed["orders"] = [r for r in placed["orders"] if r["status"] == "placed"]
            behind = oracle.micro_batch({s: [r[TIMES[s]] for r in placed[s]] for s in placed})
            for stream, taken in placed.items():
                for one in taken:
                    time = one[TIMES[stream]]
                    if time is None or time <= behind:
                        late.append((stream, one["id"]))
                    else:
                        on_time[stream].append(one)
        oracle.end_of_run()
    pairs: list[tuple[Any, Any]] = [
        (click["id"], order["id"])
        for click in on_time["clicks"]
        for order in on_time["orders"]
        if click["customer"] == order["customer"]
        and timedelta() <= order["ordered_at"] - click["clicked_at"] <= BOUND
    ]
    # Once no order in time can come any more.
    ordered = {click for click, _ in pairs}
    pairs += [
        (click["id"], None)
        for click in on_time["clicks"]
        if click["id"] not in ordered and click["clicked_at"] + BOUND < oracle.watermark
    ]
    return sorted(pairs, key=repr), sorted(late)


def test_every_row_is_joined_or_late_whatever_happens_when(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Each file is a micro-batch then, and a run has several.
    monkeypatch.setattr(silver, "_BYTES_PER_TRIGGER", "1b")
    history, taking = arrivals(Random(2)), KilledRuns(joined, lake, monkeypatch)
    for number, (kill, commits) in enumerate(zip(KILLS[::-1], history, strict=True), 1):
        for stream, taken in commits:
            append(lake.path(STREAMS[stream]), taken, FIELDS[stream])
            if len(list((lake.root / "bronze").iterdir())) == 1:
                # There is no stream yet while one of them has no columns.
                assert run(joined, lake, session=no_session).batches == 0
        taking.run(kill)
        pairs, late = expected(history[:number])
        written = rows(lake.path(joined), "click", "order") if lake.log(joined).exists() else []
        assert sorted(((r["click"], r["order"]) for r in written), key=repr) == pairs
        assert late_of(lake) == late
    assert run(joined, lake, session=no_session).batches == 0
    pairs, late = expected(history)
    unplaced = sum(row["event_time"] is None for row in rows(lake.late_path(joined)))
    # Those without a time never reach the operators.
    assert taking.dropped_by_watermark() == len(late) - unplaced
    alone = sum(order is None for _, order in pairs)
    assert min(alone, len(pairs) - alone, len(late) - unplaced, unplaced) > 0


def late_of(lake: Lake) -> list[tuple[str, int]]:
    kept = rows(lake.late_path(joined))
    return sorted((r["source"].removeprefix("bronze."), json.loads(r["row"])["id"]) for r in kept)
