"""Clicks joined with orders, in any order of arrival and over crashes, against plain Python."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from itertools import zip_longest
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import silver
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.tables import SilverTable, Watermark
from medallion_assets_tests.lakehouse.delta_rows import Row, append, no_session, raw, rows, run
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
clicks, orders = raw("clicks"), raw("orders")

Commit = tuple[str, list[Row]]


def matched(clicks: DataFrame, orders: DataFrame, how: str) -> DataFrame:
    from pyspark.sql import functions as F

    within = (
        "c.customer = o.customer and "
        "ordered_at between clicked_at and clicked_at + interval 30 minutes"
    )
    both = clicks.alias("c").join(orders.alias("o"), F.expr(within), how)
    return both.selectExpr("c.id as click", "o.id as order", "clicked_at", "ordered_at")


def table(how: str) -> SilverTable:
    return SilverTable(
        name=f"{how}_joined".lower(),
        source=clicks,
        joins={"orders": orders},
        watermarks={
            "clicks": Watermark("clicked_at", "10 minutes"),
            "orders": Watermark("ordered_at", "20 minutes", where="status = 'placed'"),
        },
        transform=lambda clicks, orders: matched(clicks, orders, how),
    )


def row(stream: str, key: int, customer: int, minute: float | None) -> Row:
    at = None if minute is None else NOON + timedelta(minutes=minute)
    return {"id": key, "customer": customer, TIMES[stream]: at, "status": "placed"}


def land(lake: Lake, stream: str, taken: Sequence[Row]) -> None:
    append(lake.path({"clicks": clicks, "orders": orders}[stream]), taken, FIELDS[stream])


def expected(
    runs: Sequence[Sequence[Commit]], how: str
) -> tuple[set[tuple[Any, Any]], set[tuple[str, int]]]:
    """Pairs of click and order in the table, and the late rows."""
    oracle, late = WatermarkOracle(DELAYS), set()
    on_time: dict[str, list[Row]] = {"clicks": [], "orders": []}
    for commits in runs:
        files = {name: [given for stream, given in commits if stream == name] for name in on_time}
        for batch in zip_longest(*files.values(), fillvalue=[]):
            placed = dict(zip(files, batch, strict=True))
            placed["orders"] = [r for r in placed["orders"] if r["status"] == "placed"]
            behind = oracle.micro_batch({s: [r[TIMES[s]] for r in placed[s]] for s in placed})
            for stream, taken in placed.items():
                for one in taken:
                    time = one[TIMES[stream]]
                    if time is None or time <= behind:
                        late.add((stream, one["id"]))
                    else:
                        on_time[stream].append(one)
        oracle.end_of_run()
    pairs: set[tuple[Any, Any]] = {
        (click["id"], order["id"])
        for click in on_time["clicks"]
        for order in on_time["orders"]
        if click["customer"] == order["customer"]
        and timedelta() <= order["ordered_at"] - click["clicked_at"] <= BOUND
    }
    if how == "leftOuter":
        alone = {click for click, _ in pairs}
        pairs |= {
            (click["id"], None)
            for click in on_time["clicks"]
            if click["id"] not in alone and click["clicked_at"] + BOUND < oracle.watermark
        }
    return pairs, late


def found(lake: Lake, joined: SilverTable) -> list[tuple[Any, Any]]:
    if not lake.log(joined).exists():
        return []
    return sorted(((r["click"], r["order"]) for r in rows(lake.path(joined))), key=repr)


def late_rows(lake: Lake, joined: SilverTable) -> list[tuple[str, int]]:
    path = lake.late_path(joined)
    kept = rows(path) if path.is_dir() else []
    return sorted((r["source"].removeprefix("bronze."), json.loads(r["row"])["id"]) for r in kept)


class KilledError(Exception):
    """The process is gone."""


@contextmanager
def killed_before_the_table_is_written(
    lake: Lake, joined: SilverTable, patch: pytest.MonkeyPatch
) -> Iterator[None]:
    written = query.append

    def append_or_die(frame: DataFrame, path: Path, **options: Any) -> None:
        if path == lake.path(joined):
            raise KilledError
        written(frame, path, **options)

    with patch.context() as now:
        now.setattr(query, "append", append_or_die)
        yield


def take(lake: Lake, joined: SilverTable, patch: pytest.MonkeyPatch, dice: Random) -> None:
    """A run, killed somewhere or not, and another one after it."""
    kind = dice.choice(["before the table", "after the table", "before the commit log", "not"])
    counted: list[str] = []

    def die(said: str) -> None:
        counted.append(said)
        if len(counted) == 2:
            raise KilledError

    try:
        if kind == "before the table":
            with killed_before_the_table_is_written(lake, joined, patch):
                run(joined, lake)
        elif kind == "after the table":
            run(joined, lake, progress=die)
    except KilledError:
        pass
    run(joined, lake)
    if kind == "before the commit log":
        checkpoint = lake.stream_directory(joined)
        newest = max(int(p.name) for p in (checkpoint / "commits").iterdir() if p.name.isdigit())
        (checkpoint / "commits" / str(newest)).unlink()
        (checkpoint / "_consumed.json").unlink()
        run(joined, lake)


def arrivals(dice: Random) -> list[list[Commit]]:
    """Rows of both streams in the order of their times, some of them later, in runs of commits."""
    keys = iter(range(1000))
    runs = []
    for start in (0, 45, 90, 200):
        commits = []
        for _ in range(dice.randint(1, 3)):
            stream = dice.choice(["clicks", "orders"])
            taken = [
                row(stream, next(keys), dice.randint(1, 3), start + dice.randint(-60, 30))
                for _ in range(dice.randint(4, 12))
            ]
            taken[0]["status"] = dice.choice(["placed", "paid"])
            if dice.random() < 0.3:
                taken[1][TIMES[stream]] = dice.choice([None, EPOCH])
            commits.append((stream, taken))
        runs.append(commits)
    return runs


@pytest.mark.parametrize(("how", "seed"), [("inner", 1), ("leftOuter", 2), ("leftOuter", 3)])
def test_every_row_is_joined_or_late_whatever_happens_when(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, how: str, seed: int
) -> None:
    # A file is a micro-batch then: a run has several.
    monkeypatch.setattr(silver, "_BYTES_PER_TRIGGER", "1b")
    dice, joined = Random(seed), table(how)
    runs = arrivals(dice)
    # Without columns of both there is no stream yet.
    land(lake, *runs[0][0])
    assert run(joined, lake, session=no_session).batches == 0
    land(lake, "orders" if runs[0][0][0] == "clicks" else "clicks", [])
    for number, commits in enumerate(runs):
        for commit in commits[0 if number else 1 :]:
            land(lake, *commit)
        take(lake, joined, monkeypatch, dice)
        pairs, late = expected(runs[: number + 1], how)
        assert found(lake, joined) == sorted(pairs, key=repr)
        assert late_rows(lake, joined) == sorted(late)
    assert run(joined, lake, session=no_session).batches == 0
    assert late
    assert pairs
