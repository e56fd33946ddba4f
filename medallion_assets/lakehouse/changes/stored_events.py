"""Every event of a table, kept: what a late one is spliced into."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.events import same
from medallion_assets.lakehouse.changes.rules import (
    DELETED,
    FINGERPRINT,
    SEQUENCE,
    TRUNCATES,
    ChangeRules,
)
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.streams import query

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class StoredEvents:
    """A set of events: what is added twice is there once.

    Args:
        path: of the Delta table that holds them; made with the first.
        rules: what they mean.
    """

    path: Path
    rules: ChangeRules

    def exists(self) -> bool:
        """Whether any were stored."""
        return DeltaLog(self.path).exists()

    def add(self, events: DataFrame, transaction: tuple[str, int] | None) -> tuple[DataFrame, int]:
        """Store events; a repetition of them stores nothing.

        Args:
            events: of one micro-batch, persisted.
            transaction: `txnAppId` and `txnVersion`, where the micro-batch has them.

        Returns:
            All events, those stored before included, of every key that one of these can change;
            and how many are new.
        """
        identity = [*self.rules.keys, SEQUENCE, DELETED, TRUNCATES, FINGERPRINT]
        if not self.exists():
            return events, self._append(events.dropDuplicates(identity), transaction)
        from medallion_assets.lakehouse.type_drift import alike

        spark = events.sparkSession
        stored = alike(spark.read.format("delta").load(str(self.path)), events.schema)
        if self.rules.apply_as_truncates is None or events.where(TRUNCATES).isEmpty():
            rows = stored.where(f"not {TRUNCATES}").alias("t")
            rows = rows.join(events.alias("s"), same(self.rules.keys), "left_semi")
            stored = rows.unionByName(stored.where(TRUNCATES))
        new = events.alias("s").join(stored.alias("t"), same(identity), "left_anti")
        new = new.dropDuplicates(identity).persist()
        try:
            added = 0 if new.isEmpty() else self._append(new, transaction)
        finally:
            new.unpersist()
        # Not the stored ones twice: read again they include these, with the columns of before.
        others = stored.alias("t").join(events.alias("s"), same(identity), "left_anti")
        known = others.unionByName(events, allowMissingColumns=True).dropDuplicates(identity)
        return known, added

    def _append(self, events: DataFrame, transaction: tuple[str, int] | None) -> int:
        log = DeltaLog(self.path)
        before = log.version()
        query.append(events, self.path, transaction=transaction)
        # Of a transaction that is there already nothing is committed.
        return 0 if log.version() == before else int(log.last_operation()["numOutputRows"])
