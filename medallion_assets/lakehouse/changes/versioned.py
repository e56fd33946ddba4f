"""A table computed anew, key by key, from all the events of the keys that changes touch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.events import column, comparable, same
from medallion_assets.lakehouse.changes.history import versions
from medallion_assets.lakehouse.changes.latest import CHANGE_DATA_FEED
from medallion_assets.lakehouse.changes.rules import (
    END_AT,
    SEQUENCE,
    START_AT,
    TRUNCATES,
    ChangeRules,
)
from medallion_assets.lakehouse.changes.stored_events import StoredEvents
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TargetError
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_GONE = "_gone"


@dataclass(frozen=True)
class VersionedRows:
    """How events become the rows of one table: all versions (type 2), or the newest (type 1).

    Its events have the types of both tables, see `type_drift`.

    Args:
        name: of the table, for messages.
        path: the table; made with the first events.
        stored: every event so far.
        rules: what they mean.
        cluster_by: columns for liquid clustering.
    """

    name: str
    path: Path
    stored: StoredEvents
    rules: ChangeRules
    cluster_by: tuple[str, ...] = ()

    def apply(self, events: DataFrame, transaction: tuple[str, int] | None) -> int:
        """Store events, and bring the rows of their keys in line with all there are.

        The events are stored first: what a crash leaves in between is completed by the same events
        again, and by any later one of the key.

        Args:
            events: of one micro-batch, persisted.
            transaction: `txnAppId` and `txnVersion`, which make it exactly once.

        Returns:
            How many events are new.

        Raises:
            TargetError: the table has rows that no stored event made.
        """
        filled = DeltaLog(self.path).row_count() > 0
        if filled and not self.stored.exists():
            raise TargetError(
                f"{self.name} has rows, and the changes that made them are not in "
                f"{self.stored.path}. Late changes could not be told from early ones: let "
                "apply_changes make the table, or restore that directory from a backup."
            )
        known, added = self.stored.add(events, transaction)
        known = known.persist()
        try:
            rows = self._rows(known)
            if filled:
                self._replace(rows, known, transaction)
            else:
                query.append(
                    rows, self.path, transaction=transaction, options=CHANGE_DATA_FEED,
                    cluster_by=self.cluster_by,
                )  # fmt: skip
        finally:
            known.unpersist()
        return added

    def _rows(self, events: DataFrame) -> DataFrame:
        from pyspark.sql import functions as F

        if self.rules.apply_as_truncates is not None:
            last = events.where(TRUNCATES).agg(F.max(SEQUENCE).alias("_truncated"))
            after = F.col("_truncated").isNull() | (F.col(SEQUENCE) > F.col("_truncated"))
            events = events.crossJoin(F.broadcast(last)).where(after).drop("_truncated")
        every = versions(events.where(f"not {TRUNCATES}"), self.rules)
        if self.rules.has_history:
            return every
        return every.where(f"{END_AT} is null").drop(START_AT, END_AT)

    def _replace(
        self, rows: DataFrame, events: DataFrame, transaction: tuple[str, int] | None
    ) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        spark = rows.sparkSession
        identity = [*self.rules.keys]
        if self.rules.has_history:
            identity.append(START_AT)
        target = DeltaTable.forPath(spark, str(self.path))
        touched = events.where(f"not {TRUNCATES}").select(*[column(k) for k in self.rules.keys])
        held = target.toDF().alias("t")
        held = held.join(touched.alias("s"), same(self.rules.keys), "left_semi").alias("t")
        wanted, paired = rows.alias("s"), same(identity)
        changed = wanted.join(held, paired, "left").where(_differs(rows, held, identity))
        changed = changed.select(*[column(name, "s") for name in rows.columns])
        gone = held.join(wanted, paired, "left_anti").select(*[column(name) for name in identity])
        source = changed.withColumn(_GONE, F.lit(False)).unionByName(
            gone.withColumn(_GONE, F.lit(True)), allowMissingColumns=True
        )
        source = source.persist()
        try:
            if source.isEmpty():
                return
            row: dict[str, str | Column] = {
                quoted(name): column(name, "s") for name in rows.columns
            }
            removes = F.col(f"s.{_GONE}")
            with query.transaction(spark, transaction):
                (
                    target.alias("t")
                    .merge(source.alias("s"), paired)
                    .withSchemaEvolution()
                    .whenMatchedDelete(condition=removes)
                    .whenMatchedUpdate(set=row)
                    .whenNotMatchedInsert(condition=~removes, values=row)
                    .execute()
                )
        finally:
            source.unpersist()


def _differs(rows: DataFrame, held: DataFrame, identity: Sequence[str]) -> Column:
    """Whether a row `s` is not there as `t`, or not with these values."""
    from pyspark.sql import functions as F

    kinds, there = dict(rows.dtypes), dict(held.dtypes)
    differs = F.lit(False)
    for name in rows.columns:
        wanted = comparable(kinds[name], name, "s")
        if name in identity:
            differs = differs | (column(name, "t").isNull() & column(name, "s").isNotNull())
        elif kinds[name] == there.get(name):
            differs = differs | ~wanted.eqNullSafe(comparable(kinds[name], name, "t"))
        elif name in there:
            # Of structs with fields that the table has not yet: null there, which JSON leaves out.
            texts = (F.to_json(F.struct(column(name, of).alias("value"))) for of in ("s", "t"))
            differs = differs | ~next(texts).eqNullSafe(next(texts))
        else:
            differs = differs | wanted.isNotNull()
    return differs
