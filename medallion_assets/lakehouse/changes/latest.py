"""The newest row of each key (SCD type 1), whatever the order in which changes arrive.

Which row wins depends on the set of changes alone, see `events`. How far each key has come is kept
in the table itself, as a column `_sequence`, with the places of deleted keys beside it; or, for a
table that is to have no column of ours, all of it beside the table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import skipping
from medallion_assets.lakehouse.changes.events import column, fingerprint, place, same
from medallion_assets.lakehouse.changes.places import REPEATED, Places
from medallion_assets.lakehouse.changes.rules import DELETED, FINGERPRINT, SEQUENCE
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.skipping import Bounds
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

FEW_ROWS = 100_000
"""As many as every task can have a copy of."""

CHANGE_DATA_FEED = {"delta.enableChangeDataFeed": "true"}
"""Property of every silver table: gold reads which rows changed."""


@dataclass(frozen=True)
class LatestRows:
    """How changes go into one table; they have its types, see `type_drift`.

    Args:
        path: the table.
        places: how far keys have come: all of them, or where the table has `_sequence` the
            deleted ones; None where it has and no change deletes.
        keys: the columns that identify a row.
        computed: columns of the table that don't come from the change (looked up).
        private: columns of the changes that are not written.
        cluster_by: columns for liquid clustering.
        keeps_sequence: whether the table has the column `_sequence`.
    """

    path: Path
    places: Places | None
    keys: tuple[str, ...]
    computed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    keeps_sequence: bool = True

    def winners(self, changes: DataFrame) -> DataFrame:
        """One row a key: the last in the order of its events.

        Args:
            changes: with `_sequence` and `_deleted`.
        """
        from pyspark.sql import functions as F

        marked = changes.withColumn(FINGERPRINT, fingerprint(changes, self._values(changes)))
        names = [name for name in marked.columns if name not in self.keys]
        best = F.max_by(F.struct(*[column(name) for name in names]), place())
        keys = [column(key) for key in self.keys]
        return marked.groupBy(*keys).agg(best.alias("_best")).select(*keys, "_best.*")

    def apply(
        self, winners: DataFrame, transaction: tuple[str, int] | None, *, few: bool = False
    ) -> None:
        """Write the winning changes.

        Args:
            winners: the rows of `winners`, with the computed columns.
            transaction: `txnAppId` and `txnVersion`, which make it exactly once.
            few: whether they are known to be no more than `FEW_ROWS`.
        """
        any_new = True
        if self.places is not None:
            winners = self.places.outranking(winners)
            kept = winners.where(DELETED) if self.keeps_sequence else winners
            any_new = self.places.remember(kept, transaction) or self.keeps_sequence
        rows = winners.drop(REPEATED, *self.private)
        if few:
            # What Delta keeps of a merge's source has no statistics: Spark would sort the table.
            rows = rows.hint("broadcast")
        if not any_new and not self._is_incomplete(rows):
            # Delta would commit a merge that changes nothing.
            return
        if not DeltaLog(self.path).row_count():
            query.append(
                self._written(rows.where(f"not {DELETED}")),
                self.path,
                transaction=transaction,
                options=CHANGE_DATA_FEED,
                cluster_by=self.cluster_by,
            )
            return
        with query.transaction(rows.sparkSession, transaction):
            if not skipping.is_worth_it(self.path):
                self._merge(rows.sparkSession, rows, {})
                return
            rows = rows.persist()
            try:
                self._merge(rows.sparkSession, rows, skipping.bounds_of(rows, self.keys))
            finally:
                rows.unpersist()

    def _is_incomplete(self, rows: DataFrame) -> bool:
        """Whether a crash has kept rows out of the table whose places are known."""
        from pyspark.sql import functions as F

        if not DeltaLog(self.path).exists():
            return True
        stored = rows.sparkSession.read.format("delta").load(str(self.path))
        values = [name for name in self._values(self._written(rows)) if name in stored.columns]
        there = F.struct(fingerprint(stored, values).alias("hash")).alias("there")
        held = stored.select(*[column(key) for key in self.keys], there).alias("t")
        found = F.col("t.there")
        differs = found.isNull() | (found["hash"] != F.col(f"s.{FINGERPRINT}"))
        missing = F.when(F.col(f"s.{DELETED}"), found.isNotNull()).otherwise(differs)
        return not rows.alias("s").join(held, same(self.keys), "left").where(missing).isEmpty()

    def _merge(self, spark: SparkSession, rows: DataFrame, bounds: Mapping[str, Bounds]) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        written = self._written(rows)
        stored = spark.read.format("delta").load(str(self.path))
        # A column the table does not have yet counts as null there, which a fingerprint leaves out.
        values = [name for name in self._values(written) if name in stored.columns]
        there, here = fingerprint(stored, values, "t"), F.col(f"s.{FINGERPRINT}")
        if self.keeps_sequence:
            newer = F.struct(f"s.{SEQUENCE}", here) > F.struct(F.col(f"t.{SEQUENCE}"), there)
            outranked = F.col(f"s.{SEQUENCE}") >= F.col(f"t.{SEQUENCE}")
        else:
            newer, outranked = here != there, F.lit(True)
        row: dict[str, str | Column] = {quoted(name): column(name, "s") for name in written.columns}
        on = same(self.keys)
        for name, within in bounds.items():
            on = on & within.holds(column(name, "t"))
        merge = DeltaTable.forPath(spark, str(self.path)).alias("t").merge(rows.alias("s"), on)
        merge = merge.withSchemaEvolution()
        if self.places is None:
            merge = merge.whenMatchedUpdate(condition=newer, set=row)
            merge = merge.whenNotMatchedInsert(values=row)
        else:
            deleted = F.col(f"s.{DELETED}")
            merge = merge.whenMatchedDelete(condition=deleted & outranked)
            merge = merge.whenMatchedUpdate(condition=~deleted & newer, set=row)
            merge = merge.whenNotMatchedInsert(condition=~deleted, values=row)
        merge.execute()

    def _written(self, rows: DataFrame) -> DataFrame:
        apart = (DELETED, FINGERPRINT) if self.keeps_sequence else (SEQUENCE, DELETED, FINGERPRINT)
        return rows.drop(*apart)

    def _values(self, rows: DataFrame) -> Sequence[str]:
        """The written columns that come with a change."""
        apart = {*self.keys, *self.computed, *self.private, SEQUENCE, DELETED, FINGERPRINT}
        return [name for name in rows.columns if name not in apart]
