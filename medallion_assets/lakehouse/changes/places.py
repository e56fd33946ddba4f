"""The place in the order that each key has reached, kept apart from its table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.events import column, place, same
from medallion_assets.lakehouse.changes.rules import DELETED, FINGERPRINT, SEQUENCE
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

REPEATED = "_repeated"
"""Whether a row's place is already kept."""

_PLACE, _TAKEN_AT = "_place", "_taken_at"
_COMPACTED_EVERY = 50
"""Commits after which only the highest place of each key is kept."""


@dataclass(frozen=True)
class Places:
    """The highest places of keys, in a Delta table that is made with the first.

    They are written before the rows they are of: what a crash leaves in between is completed by
    the same changes again, and no older change gets between.

    Args:
        path: of the Delta table.
        keys: the columns that identify a row.
        tombstone_seconds: how long the places of deleted keys are kept; None for ever. An older
            change that arrives later than that brings its key back.
    """

    path: Path
    keys: tuple[str, ...]
    tombstone_seconds: float | None = None

    def outranking(self, winners: DataFrame) -> DataFrame:
        """The rows whose place is at least the one kept of their key, and whether they repeat it.

        An equal place is the same event again, after a crash before its row was written.

        Args:
            winners: one row a key, with the columns of its place.
        """
        from pyspark.sql import functions as F

        if not DeltaLog(self.path).exists():
            return winners.withColumn(REPEATED, F.lit(False))
        stored = self._stored(winners.sparkSession).alias("t")
        touched = stored.join(winners.alias("s"), same(self.keys), "left_semi")
        known = self._highest(touched).alias("t")
        joined = winners.alias("s").join(known, same(self.keys), "left")
        own, highest = place("s"), F.col(f"t.{_PLACE}")
        return joined.where(highest.isNull() | (own >= highest)).select(
            *[column(name, "s") for name in winners.columns],
            F.coalesce(own == highest, F.lit(False)).alias(REPEATED),
        )

    def remember(self, winners: DataFrame, transaction: tuple[str, int] | None) -> bool:
        """Keep the places of rows that don't repeat what is kept.

        Args:
            winners: rows of `outranking`.
            transaction: `txnAppId` and `txnVersion`, where the micro-batch has them.

        Returns:
            Whether there were any.
        """
        from pyspark.sql import functions as F

        keys = [column(key) for key in self.keys]
        new = winners.where(f"not {REPEATED}").select(*keys, SEQUENCE, DELETED, FINGERPRINT)
        if new.isEmpty():
            return False
        new = new.withColumn(_TAKEN_AT, F.current_timestamp())
        query.append(new, self.path, transaction=transaction)
        version = DeltaLog(self.path).version()
        if version is not None and version.version % _COMPACTED_EVERY == _COMPACTED_EVERY - 1:
            self._compact(winners.sparkSession)
        return True

    def _stored(self, spark: SparkSession) -> DataFrame:
        return spark.read.format("delta").load(str(self.path))

    def _highest(self, stored: DataFrame) -> DataFrame:
        from pyspark.sql import functions as F

        return stored.groupBy(*[column(key) for key in self.keys]).agg(
            F.max(place()).alias(_PLACE), F.max_by(_TAKEN_AT, place()).alias(_TAKEN_AT)
        )

    def _compact(self, spark: SparkSession) -> None:
        from pyspark.sql import functions as F

        kept = self._highest(self._stored(spark))
        if self.tombstone_seconds is not None:
            age = F.current_timestamp().cast("double") - F.col(_TAKEN_AT).cast("double")
            kept = kept.where(~F.col(_PLACE)[DELETED] | (age <= self.tombstone_seconds))
        kept = kept.select(*[column(key) for key in self.keys], f"{_PLACE}.*", _TAKEN_AT)
        # Read and written at once: Delta writes out of the version that was read.
        kept.write.format("delta").mode("overwrite").save(str(self.path))
