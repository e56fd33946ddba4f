"""Rows go from a quarantine into their table, each once.

A release is noted first. Then three commits follow, each made once for its number by Delta's
transactions: the rows that now pass are marked in the quarantine, they are written to the table,
they are taken out of the quarantine. What was marked is written, whatever the rules say at a second
attempt: what a kill has cut short, the next run of the table or the next release goes on with.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality import judge
from medallion_assets.lakehouse.quality.quarantine import COLUMNS, RELEASE, ROW_ID
from medallion_assets.lakehouse.quality.release import Left, Release, Releases
from medallion_assets.lakehouse.silver_writing import SilverWriting, telling_failures
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.tables import SilverTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import DataFrame, SparkSession

_MARK, _REMOVE = 0, 1


@dataclass(frozen=True)
class ReleasedRows:
    """The releases of one table.

    Args:
        writing: writes the rows to the table and counts those that were judged; its stream is
            the releases' own.
        releases: what was asked for.
    """

    writing: SilverWriting
    releases: Releases

    def finish(self, session: Callable[[], SparkSession]) -> None:
        """Go on with a release that was cut short."""
        for number, wanted in self.releases.open().items():
            self._release(session(), wanted, number)

    def release(self, spark: SparkSession, wanted: Release) -> None:
        """Judge rows of the quarantine again, and let those that pass go.

        Raises:
            OptionError: the condition or a repair can't be computed.
            ExpectationFailedError: a row breaks an `expect_or_fail` rule; none is released.
        """
        if not self._log.exists():
            return
        # Before it is noted: what can't be computed would be tried again for ever.
        wanted.repaired(self._stored(spark), self._table.full_name)
        self._release(spark, wanted, self.releases.begin(wanted))

    def _release(self, spark: SparkSession, wanted: Release, number: int) -> None:
        writing, table = self.writing, self._table
        if self._done() < _transaction(number, _MARK):
            with telling_failures(table):
                self._mark(spark, wanted, number)
        marked = self._stored(spark).where(f"{RELEASE} = {number}")
        rows = marked.count()
        if rows:
            done = self.lake.log(table).transaction_version(writing.stream)
            if done is None or done < number:
                mended = wanted.repaired(marked, table.full_name).drop(*COLUMNS)
                writing.rows = writing.rows + writing.put(mended, number, rows)
                writing.batches += 1
            self._remove(spark, number)
        self.releases.end(number, wanted)
        writing.progress(f"release {number}: {rows} rows")

    def _mark(self, spark: SparkSession, wanted: Release, number: int) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        rules = self._table.expectations
        judged = wanted.judged(self._stored(spark), self._table).persist()
        try:
            self.writing.count(judged)
            passing = judged.where(judge.is_kept(rules)).select(ROW_ID)
            with query.transaction(spark, (self._application, _transaction(number, _MARK))):
                (
                    DeltaTable.forPath(spark, str(self._log.path))
                    .alias("t")
                    .merge(passing.alias("s"), f"t.{ROW_ID} = s.{ROW_ID}")
                    .whenMatchedUpdate(set={RELEASE: F.lit(number).cast("bigint")})
                    .execute()
                )
        finally:
            judged.unpersist()

    def _remove(self, spark: SparkSession, number: int) -> None:
        from delta.tables import DeltaTable

        with query.transaction(spark, (self._application, _transaction(number, _REMOVE))):
            DeltaTable.forPath(spark, str(self._log.path)).delete(f"{RELEASE} = {number}")

    def _stored(self, spark: SparkSession) -> DataFrame:
        return spark.read.format("delta").load(str(self._log.path))

    def _done(self) -> int:
        done = self._log.transaction_version(self._application)
        return -1 if done is None else done

    @property
    def lake(self) -> Lake:
        """Where the table is."""
        return self.writing.lake

    @property
    def _table(self) -> SilverTable:
        return self.writing.table

    @property
    def _log(self) -> DeltaLog:
        return DeltaLog(self.lake.quarantine_path(self._table))

    @property
    def _application(self) -> str:
        return self.writing.stream


def left_in_quarantine(table: SilverTable, lake: Lake, spark: SparkSession) -> Left:
    """What the quarantine of a table holds."""
    from pyspark.sql import functions as F

    log = DeltaLog(lake.quarantine_path(table))
    if not log.exists():
        return Left(0, {})
    stored = spark.read.format("delta").load(str(log.path))
    counted = stored.select(F.explode(judge.BROKEN).alias("rule")).groupBy("rule").count()
    by_rule = {row["rule"]: int(row["count"]) for row in counted.orderBy("rule").collect()}
    return Left(log.row_count(), by_rule)


def _transaction(release: int, step: int) -> int:
    return 2 * release + step
