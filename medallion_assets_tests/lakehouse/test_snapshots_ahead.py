"""Delta logs are read beside a run, and whatever is wrong with one is left to the run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse import snapshots_ahead
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import never, quiet
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.snapshots_ahead import SnapshotsAhead, tables_of
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW
from medallion_assets.lakehouse.tables import GoldTable, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import no_session, raw

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

orders = SilverTable(name="orders", source=raw("orders"), transform=lambda rows: rows)
revenue = GoldTable(
    name="revenue",
    sources={"orders": orders},
    group_by={"day": "day"},
    query=lambda orders: orders.groupBy("day").count(),
)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run waits for a moment only; here it is as long as a busy machine takes."""
    monkeypatch.setattr(snapshots_ahead, "_LAST_SECONDS", 120.0)


def _jobs(spark: SparkSession) -> int:
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def _run(lake: Lake, spark: SparkSession) -> Run:
    return Run(lake, lambda: spark, AVAILABLE_NOW, quiet, never)


def test_each_layer_names_the_tables_it_reads_and_writes(lake: Lake) -> None:
    assert tables_of(orders.source, lake) == (lake.path(orders.source),)
    assert tables_of(orders, lake) == (lake.quarantine_path(orders), lake.path(orders))
    assert tables_of(revenue, lake) == (lake.path(orders), lake.path(revenue))


def test_what_was_read_ahead_is_not_read_again(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "table")
    spark.range(3).write.format("delta").save(path)
    spark.range(3).write.format("delta").mode("append").save(path)
    lake = Lake(tmp_path / "lake", tmp_path / "landing")
    before = _jobs(spark)
    ahead = SnapshotsAhead([tmp_path / "table"])
    run = ahead.beside(_run(lake, spark))
    assert _jobs(spark) == before
    assert run.session() is spark
    ahead.wait()
    read = _jobs(spark) - before
    assert read > 0

    append = spark.range(1).write.format("delta").mode("append")
    append.option("txnAppId", "a").option("txnVersion", "1").save(path)
    written = _jobs(spark) - before - read
    append.option("txnAppId", "a").option("txnVersion", "2").save(path)
    assert _jobs(spark) - before - read - written > written


@pytest.mark.parametrize("broken", ["missing", "no table", "no json"])
def test_a_table_that_cannot_be_read_stops_nothing(
    spark: SparkSession, tmp_path: Path, broken: str
) -> None:
    table, good = tmp_path / "broken", tmp_path / "good"
    spark.range(3).write.format("delta").save(str(good))
    if broken == "no table":
        (table / "_delta_log").mkdir(parents=True)
    if broken == "no json":
        (table / "_delta_log").mkdir(parents=True)
        (table / "_delta_log" / f"{0:020d}.json").write_text("{")
    lake = Lake(tmp_path / "lake", tmp_path / "landing")
    ahead = SnapshotsAhead([table, good])
    before = _jobs(spark)
    ahead.beside(_run(lake, spark)).session()
    ahead.wait()
    assert _jobs(spark) > before


def test_a_run_that_takes_no_session_reads_nothing(lake: Lake) -> None:
    ahead = SnapshotsAhead([lake.path(orders)])
    ahead.beside(Run(lake, no_session, AVAILABLE_NOW, quiet, never))
    ahead.wait()
