"""Merge changes into a table so that the highest sequence of each key wins, in any order.

Which row wins depends on the set of changes alone: the sequence decides, and between equal
sequences a delete, else a hash of the row's written values. Deleted keys leave a tombstone with
their sequence in a table under the stream's checkpoint, so that an older change that arrives later
does not bring them back.
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

_DELETED = "_deleted"


@dataclass(frozen=True)
class Merge:
    """How changes go into one table.

    Args:
        path: the target.
        tombstones: the table of deleted keys; made with the first delete.
        keys: the columns that identify a row.
        delete_when: SQL condition under which a winning change removes its key.
        computed: columns of the target that don't come from the change (looked up).
        private: columns of the changes that are not written.
        cluster_by: columns for liquid clustering.
        widening: whether columns get wider types where the changes have them.
    """

    path: Path
    tombstones: Path
    keys: tuple[str, ...]
    delete_when: str | None
    computed: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    widening: bool = False

    def winners(self, changes: DataFrame) -> DataFrame:
        """One row a key: the one with the highest sequence. `changes` carry `_sequence`.

        Where keys can be deleted, the rows also say whether they do, as `_deleted`.
        """
        from pyspark.sql import functions as F

        if self.delete_when is not None:
            deleted = F.coalesce(F.expr(self.delete_when), F.lit(False))
            changes = changes.withColumn(_DELETED, deleted)
        names = [name for name in changes.columns if name not in self.keys]
        places = [F.col(name) for name in (SEQUENCE, _DELETED) if name in names]
        order = F.struct(*places, fingerprint(self._values(changes)))
        best = F.max_by(F.struct(*[F.col(f"`{name}`") for name in names]), order)
        return changes.groupBy(*self.keys).agg(best.alias("_best")).select(*self.keys, "_best.*")

    def apply(self, winners: DataFrame, stream: str, batch: int) -> None:
        """Write the winning changes, exactly once for the stream and micro-batch.

        Args:
            winners: the rows of `winners`, with the computed columns.
            stream: the transaction id.
            batch: its number.
        """
        spark = winners.sparkSession
        if self.delete_when is not None:
            winners = self._bury(winners, stream, batch)
        rows = winners.drop(*self.private)
        if not DeltaLog(self.path).exists():
            alive = rows.where(f"not {_DELETED}") if self.delete_when is not None else rows
            query.append(
                alive.drop(_DELETED),
                self.path,
                transaction=(stream, batch),
                options=CHANGE_DATA_FEED,
                cluster_by=self.cluster_by,
            )
            return
        with query.transaction(spark, stream, batch):
            self._merge(spark, rows)

    def _merge(self, spark: SparkSession, rows: DataFrame) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        from medallion_assets.lakehouse.type_widening.tables import widen_columns

        if self.widening:
            widen_columns(spark, self.path, rows.schema)
        stored = spark.read.format("delta").load(str(self.path)).columns
        written = [name for name in rows.columns if name != _DELETED]
        values = self._values(rows)

        def place(side: str, names: Sequence[str]) -> Column:
            return F.struct(F.col(f"{side}.{SEQUENCE}"), fingerprint(names, f"{side}."))

        same = [F.col(f"t.`{key}`").eqNullSafe(F.col(f"s.`{key}`")) for key in self.keys]
        on = same[0]
        for equal in same[1:]:
            on = on & equal
        # A column the table does not have yet counts as null there, which a fingerprint leaves out.
        newer = place("s", values) > place("t", [name for name in values if name in stored])
        row: dict[str, str | Column] = {name: F.col(f"s.`{name}`") for name in written}
        merge = DeltaTable.forPath(spark, str(self.path)).alias("t").merge(rows.alias("s"), on)
        merge = merge.withSchemaEvolution()
        if self.delete_when is None:
            merge = merge.whenMatchedUpdate(condition=newer, set=row).whenNotMatchedInsert(
                values=row
            )
        else:
            deleted = F.col(f"s.{_DELETED}")
            outranked = F.col(f"s.{SEQUENCE}") >= F.col(f"t.{SEQUENCE}")
            merge = (
                merge.whenMatchedDelete(condition=deleted & outranked)
                .whenMatchedUpdate(condition=~deleted & newer, set=row)
                .whenNotMatchedInsert(condition=~deleted, values=row)
            )
        merge.execute()

    def _bury(self, winners: DataFrame, stream: str, batch: int) -> DataFrame:
        """Leave out what is older than a tombstone, and write the batch's own tombstones.

        Tombstones are written before the rows: a replay after a crash in between writes the same
        again. A key that is re-created keeps its tombstone, which its newer rows outrank.
        """
        from pyspark.sql import functions as F

        if DeltaLog(self.tombstones).exists():
            buried = winners.sparkSession.read.format("delta").load(str(self.tombstones))
            graves = buried.groupBy(*[F.col(key).alias(f"_buried_{key}") for key in self.keys])
            found = graves.agg(F.max(SEQUENCE).alias("_buried"))
            same = F.lit(True)
            for key in self.keys:
                same = same & winners[key].eqNullSafe(found[f"_buried_{key}"])
            sequence, grave = F.col(SEQUENCE), F.col("_buried")
            # An equal sequence is this very delete, replayed after a crash before the merge.
            outranks = grave.isNull() | (sequence > grave) | ((sequence == grave) & F.col(_DELETED))
            winners = winners.join(found, same, "left").where(outranks).drop(*found.columns)
        stones = winners.where(_DELETED).select(*self.keys, SEQUENCE)
        if not stones.isEmpty():
            query.append(stones, self.tombstones, transaction=(stream, batch))
        return winners

    def _values(self, rows: DataFrame) -> list[str]:
        """The written columns that come with a change, those that Spark can hash, in order."""
        apart = {*self.keys, *self.computed, *self.private, SEQUENCE, _DELETED}
        return sorted(
            name
            for name, kind in rows.dtypes
            if name not in apart and "map<" not in kind and "variant" not in kind
        )


def fingerprint(names: Sequence[str], prefix: str = "") -> Column:
    """A hash of the columns that are not null, each with its name.

    So a column that is added later does not change the fingerprint of the rows without it, and the
    same value in another column gives another one.
    """
    from pyspark.sql import functions as F

    columns = [(name, F.col(f"{prefix}`{name}`")) for name in names]
    return F.xxhash64(
        F.lit(0), *[F.when(c.isNotNull(), F.struct(F.lit(name), c)) for name, c in columns]
    )
