"""Let rows of a silver table's quarantine go into the table."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.materialize import never, quiet
from medallion_assets.lakehouse.quality import judge
from medallion_assets.lakehouse.quality.expectations import ExpectationCount
from medallion_assets.lakehouse.quality.release import Release
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.silver import release_silver
from medallion_assets.lakehouse.silver_writing import telling_failures
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW
from medallion_assets.lakehouse.tables import SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def release(
    table: SilverTable,
    lake: Lake,
    session: Callable[[], SparkSession],
    wanted: Release,
    *,
    owner: str = "a release",
    progress: Callable[[str], None] = quiet,
) -> Materialization:
    """Judge rows of a table's quarantine again; those that pass go into the table, each once.

    They are merged as if they came now: a change that is older than what the table has of its key
    does not win. What does not pass stays in the quarantine as it is. The release is kept with
    the table's stream, and a rebuild repeats it.

    Args:
        table: the table.
        lake: where it is.
        session: gives the session; called only where there is a quarantine.
        wanted: which rows, and how they are mended.
        owner: who asks, for another run's message.
        progress: told what was done.

    Returns:
        What was written, and what the rules said of the rows.

    Raises:
        OptionError: the condition or a repair can't be computed, or the table has no quarantine.
        ExpectationFailedError: a row breaks an `expect_or_fail` rule; none is released.
        TableLockedError: a run holds the table. Trying again helps.
    """
    with_quarantine(table)
    started = time.monotonic()
    with locks.hold(lake.lock_path(table), table.full_name, owner):
        run = Run(lake, session, AVAILABLE_NOW, progress, never)
        done = release_silver(table, run, wanted)
    return done.with_seconds(time.monotonic() - started)


@dataclass(frozen=True)
class Trial:
    """What a release would do.

    Attributes:
        rows: those chosen.
        passing: of them, those that would go into the table.
        counts: of the rules, over the chosen rows.
    """

    rows: int
    passing: int
    counts: tuple[ExpectationCount, ...]


def try_release(table: SilverTable, lake: Lake, spark: SparkSession, wanted: Release) -> Trial:
    """What a release would do; nothing is changed.

    Raises:
        OptionError: the condition or a repair can't be computed, or the table has no quarantine.
        ExpectationFailedError: a row breaks an `expect_or_fail` rule.
    """
    with_quarantine(table)
    log = DeltaLog(lake.quarantine_path(table))
    if not log.exists():
        return Trial(0, 0, ())
    stored = spark.read.format("delta").load(str(log.path))
    judged = wanted.judged(stored, table)
    with telling_failures(table):
        counts = judged.agg(*judge.counters(table.expectations)).collect()[0].asDict()
    return Trial(counts["_read"], counts["_kept"], judge.counted(table.expectations, counts))


def with_quarantine(table: Table) -> SilverTable:
    """The table, if rows can be released into it.

    Raises:
        OptionError: it has no quarantine.
    """
    if not isinstance(table, SilverTable) or not table.has_quarantine:
        raise OptionError(
            f"{table.full_name} has no quarantine: none of its expectations is an "
            "expect_or_quarantine."
        )
    return table
