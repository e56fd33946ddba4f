"""Materialize one table: take everything that is new, exactly once."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.bronze import materialize_bronze
from medallion_assets.lakehouse.gold import materialize_gold
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.silver import materialize_silver
from medallion_assets.lakehouse.snapshots_ahead import SnapshotsAhead, tables_of
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW, Trigger
from medallion_assets.lakehouse.tables import BronzeTable, GoldTable, SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def quiet(_: str) -> None:
    """Progress nobody listens to."""


def never() -> bool:
    """No stop is requested."""
    return False


def materialize(
    table: Table,
    lake: Lake,
    session: Callable[[], SparkSession],
    *,
    trigger: Trigger = AVAILABLE_NOW,
    owner: str = "a run",
    wait_seconds: float = 0.0,
    progress: Callable[[str], None] = quiet,
    stop_requested: Callable[[], bool] = never,
) -> Materialization:
    """Run the table's stream.

    Where nothing is new, no session is started and nothing is committed.

    Args:
        table: the table; its quarantine is written along with it.
        lake: where it is.
        session: gives the session; called only when there is something to take.
        trigger: availableNow and once end by themselves, processingTime when stopped.
        owner: who writes, for another run's message; a run id.
        wait_seconds: how long to wait for another run that holds the table.
        progress: told of every micro-batch.
        stop_requested: asked while the query runs; True ends it.

    Raises:
        TableLockedError: another run holds the table. Trying again helps.
        ExpectationFailedError: a row broke an `expect_or_fail` rule.
        CheckpointInUseError: the checkpoint belongs to another stream.
    """
    started = time.monotonic()
    with locks.hold(lake.lock_path(table), table.full_name, owner, wait_seconds):
        done = materialize_held(table, Run(lake, session, trigger, progress, stop_requested))
    return done.with_seconds(time.monotonic() - started)


def materialize_held(table: Table, run: Run) -> Materialization:
    """Run the table's stream where the caller holds the table's lock.

    Args:
        table: the table.
        run: what it works with.

    Raises:
        ExpectationFailedError: a row broke an `expect_or_fail` rule.
        CheckpointInUseError: the checkpoint belongs to another stream.
    """
    ahead = SnapshotsAhead(tables_of(table, run.lake))
    try:
        return _materialized(table, ahead.beside(run))
    finally:
        ahead.wait()


def _materialized(table: Table, run: Run) -> Materialization:
    if isinstance(table, BronzeTable):
        return materialize_bronze(table, run)
    if isinstance(table, SilverTable):
        return materialize_silver(table, run)
    if isinstance(table, GoldTable):
        return materialize_gold(table, run)
    raise TypeError(f"{table.full_name} is not a bronze, silver or gold table")
