"""Merge changes into a table so that the highest sequence of each key wins, in any order.

Which row wins depends on the set of changes alone: the sequence decides, and between equal
sequences a hash of the row. Deleted keys leave a tombstone with their sequence in a table beside
the target (`_tombstones`), so that an older change that arrives later does not bring them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

CHANGE_DATA_FEED = {"delta.enableChangeDataFeed": "true"}
"""Property of every silver table: gold reads which rows changed."""

SEQUENCE = "_sequence"
"""The sequence of the change a row came from; kept in the table to judge later changes by."""


@dataclass(frozen=True)
class Merge:
    """How changes go into one table.

    Args:
        path: the target.
        tombstones: the table of deleted keys; made with the first delete.
        keys: the columns that identify a row.
        delete_when: SQL condition under which a winning change removes its key.
        computed: columns of the target that don't come from the change (looked up).
        cluster_by: columns for liquid clustering.
    """

    path: Path
    tombstones: Path
    keys: tuple[str, ...]
    delete_when: str | None
    computed: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()

    def winners(self, changes: DataFrame) -> DataFrame:
        """One row a key: the one with the highest sequence. `changes` carry `_sequence`."""
        from pyspark.sql import functions as F

        names = [name for name in changes.columns if name not in self.keys]
        order = F.struct(SEQUENCE, F.xxhash64(F.lit(0), *hashable(changes, set(names) - {SEQUENCE})))
        best = F.max_by(F.struct(*[F.col(f"`{name}`") for name in names]), order)
        return changes.groupBy(*self.keys).agg(best.alias("_best")).select(*self.keys, "_best.*")

    def apply(
        self, winners: DataFrame, stream: str, batch: int, drop: Sequence[str] = ()
    ) -> None:
        """Write the winning changes, exactly once for the stream and micro-batch.

        Args:
            winners: one row a key, with `_sequence` and, where keys are deleted, `_deleted`.
            stream: the transaction id.
            batch: its number.
            drop: columns that are not written.
        """
        spark = winners.sparkSession
        if self.delete_when is not None:
            winners = self._bury(winners, stream, batch)
        rows = winners.drop(*drop)
        if not DeltaLog(self.path).exists():
            alive = rows.where("not _deleted") if self.delete_when is not None else rows
            query.append(
                alive.drop("_deleted"),
                self.path,
                transaction=(stream, batch),
                properties=CHANGE_DATA_FEED,
                cluster_by=self.cluster_by,
            )
            return
        with query.transaction(spark, stream, batch):
            self._merge(spark, rows)

    def _merge(self, spark: SparkSession, rows: DataFrame) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        stored = spark.read.format("delta").load(str(self.path)).columns
        written = [name for name in rows.columns if name != "_deleted"]
        common = set(stored) & set(written) - {*self.keys, *self.computed, SEQUENCE}
        hashed = hashable(rows, common)

        def place(side: str) -> Column:
            return F.struct(
                F.col(f"{side}.{SEQUENCE}"),
                F.xxhash64(F.lit(0), *[F.col(f"{side}.`{name}`") for name in hashed]),
            )

        same = [F.col(f"t.`{key}`").eqNullSafe(F.col(f"s.`{key}`")) for key in self.keys]
        on = same[0]
        for equal in same[1:]:
            on = on & equal
        newer = place("s") > place("t")
        values = {name: F.col(f"s.`{name}`") for name in written}
        merge = DeltaTable.forPath(spark, str(self.path)).alias("t").merge(rows.alias("s"), on)
        merge = merge.withSchemaEvolution()
        if self.delete_when is None:
            merge = merge.whenMatchedUpdate(condition=newer, set=values).whenNotMatchedInsert(
                values=values
            )
        else:
            deleted = F.col("s._deleted")
            merge = (
                merge.whenMatchedDelete(condition=newer & deleted)
                .whenMatchedUpdate(condition=newer, set=values)
                .whenNotMatchedInsert(condition=~deleted, values=values)
            )
        merge.execute()

    def _bury(self, winners: DataFrame, stream: str, batch: int) -> DataFrame:
        """Leave out what is older than a tombstone, and write the batch's own tombstones.

        Tombstones are written before the rows: a replay after a crash in between writes the same
        again. A key that is re-created keeps its tombstone, which its newer rows outrank.
        """
        from pyspark.sql import functions as F

        deleted = F.coalesce(F.expr(self.delete_when or "false"), F.lit(False))
        marked = winners.withColumn("_deleted", deleted)
        if DeltaLog(self.tombstones).exists():
            buried = (
                winners.sparkSession.read.format("delta")
                .load(str(self.tombstones))
                .groupBy(*self.keys)
                .agg(F.max(SEQUENCE).alias("_buried"))
            )
            sequence, grave = F.col(SEQUENCE), F.col("_buried")
            # An equal sequence is this very delete, replayed after a crash before the merge.
            outranks = grave.isNull() | (sequence > grave) | ((sequence == grave) & F.col("_deleted"))
            marked = marked.join(buried, list(self.keys), "left").where(outranks).drop("_buried")
        stones = marked.where("_deleted").select(*self.keys, SEQUENCE)
        if not stones.isEmpty():
            query.append(stones, self.tombstones, transaction=(stream, batch))
        return marked


def hashable(frame: DataFrame, names: set[str]) -> list[str]:
    """Those of the columns that Spark can hash, in a fixed order: not maps and variants."""
    return sorted(
        name
        for name, kind in frame.dtypes
        if name in names and "map<" not in kind and "variant" not in kind
    )
