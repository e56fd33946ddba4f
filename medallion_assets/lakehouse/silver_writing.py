"""Micro-batches of a silver table: judged once, then appended or merged by key in sequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import lineage
from medallion_assets.lakehouse.changes.events import (
    as_changes_error,
    events_of,
    fingerprinted,
)
from medallion_assets.lakehouse.changes.latest import (
    CHANGE_DATA_FEED,
    FEW_ROWS,
    LatestRows,
)
from medallion_assets.lakehouse.changes.places import Places
from medallion_assets.lakehouse.changes.rules import (
    DELETED,
    END_AT,
    SEQUENCE,
    START_AT,
    ChangeRules,
)
from medallion_assets.lakehouse.changes.stored_events import StoredEvents
from medallion_assets.lakehouse.changes.versioned import VersionedRows
from medallion_assets.lakehouse.errors import ExpectationFailedError
from medallion_assets.lakehouse.kafka.values import EventValues
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lookups import Lookups
from medallion_assets.lakehouse.materialization import Materialization, Rows
from medallion_assets.lakehouse.quality import judge
from medallion_assets.lakehouse.quality.expectations import Action, ExpectationCount
from medallion_assets.lakehouse.quality.failing_rows import failing_rows
from medallion_assets.lakehouse.quality.quarantine import write_quarantine
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.clustered import cluster_again
from medallion_assets.lakehouse.streams.deletion_vectors import enable_deletion_vectors
from medallion_assets.lakehouse.streams.late_rows import LateRows
from medallion_assets.lakehouse.tables import OutputMode, SilverTable
from medallion_assets.lakehouse.type_drift import TypedTable, fitted, lake_table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass
class SilverWriting:
    """The micro-batch function of one run, and what it has counted."""

    table: SilverTable
    lake: Lake
    stream: str
    lookups: Lookups
    late: LateRows
    progress: Callable[[str], None]
    widening: bool
    values: EventValues | None = None
    batches: int = 0
    rows: Rows = field(default_factory=Rows)
    counts: dict[str, ExpectationCount] = field(default_factory=dict)

    def batch(self, frame: DataFrame, number: int) -> None:
        """Write one micro-batch: late rows and quarantine first, the table last, each once."""
        log = self.lake.log(self.table)
        done = log.transaction_version(self.stream)
        if done is not None and done >= number:
            # A stateful transform advances its state by being read; Spark fails if it is not.
            frame.write.format("noop").mode("overwrite").save()
            return
        if self.table.deletion_vectors:
            enable_deletion_vectors(frame.sparkSession, self.lake.path(self.table))
        if self.lookups.changed():
            self.correct(frame.sparkSession)
        if self.values is not None:
            frame = self._of_values(frame, self.values)
        with telling_failures(self.table):
            if self.table.watermarks:
                with self.late.set_aside(frame, number) as (transformed, late):
                    rows = replace(self._taken(transformed, number), late=late)
            else:
                rows = self._taken(frame, number)
        self.batches += 1
        self.rows = self.rows + rows
        self.progress(f"batch {number}: {rows.written} rows")

    def _of_values(self, events: DataFrame, values: EventValues) -> DataFrame:
        """The transformed rows of events whose fields only their micro-batch tells."""
        result = self.table.transform(values.rows(events))
        if not self.batches:
            source = {self.table.source.full_name: events}
            lineage.note(self.lake, self.table, result, source)
        return result

    def correct(self, spark: SparkSession) -> None:
        """Follow the looked-up tables."""
        corrected = self.lookups.correct(spark)
        if corrected:
            self.batches += 1
            changed = Rows(read=corrected, kept=corrected, written=corrected, updated=corrected)
            self.rows = self.rows + changed

    def result(self) -> Materialization:
        """What the run did."""
        return Materialization(
            table=self.table.full_name,
            batches=self.batches,
            rows=self.rows,
            expectations=tuple(
                self.counts.get(rule.name, ExpectationCount(rule.name, rule.action, 0, 0))
                for rule in self.table.expectations
            ),
        )

    def _taken(self, frame: DataFrame, number: int) -> Rows:
        if self.table.output_mode is OutputMode.COMPLETE:
            return self._replace(frame, number)
        if self.table.output_mode is OutputMode.UPDATE:
            return self._update(frame, number)
        return self._append(frame, number)

    def _append(self, frame: DataFrame, number: int) -> Rows:
        table = self.table
        # Judged once: the count, the quarantine and the table all read the kept result.
        judged = self._placed(judge.judged(frame, table.expectations, table.full_name)).persist()
        try:
            counts = self.count(judged)
            if not counts["_read"]:
                return Rows()
            good = judged.where(judge.is_kept(table.expectations)).drop(judge.BROKEN)
            bad = judged.where(judge.goes_to(Action.QUARANTINE, table.expectations))
            with (
                self._fitted(good) as good,
                # What does not fit is told before the first of the tables is written.
                fitted(bad.drop(SEQUENCE, DELETED), self._quarantine(counts)) as bad,
            ):
                if counts["_quarantined"]:
                    write_quarantine(bad, self.lake.quarantine_path(table), self.stream, number)
                return self._put(good, number, counts)
        finally:
            judged.unpersist()

    def _quarantine(self, counts: Mapping[str, int]) -> tuple[TypedTable, ...]:
        path = self.lake.quarantine_path(self.table)
        return (self._typed(path),) if counts["_quarantined"] else ()

    def _typed(self, path: Path, fed: Mapping[str, str] = MappingProxyType({})) -> TypedTable:
        """The table, or what is kept beside it."""
        table = self.table
        return lake_table(
            table.full_name, path, widening=self.widening, ordered=(SEQUENCE,), fed=fed,
            personal=table.is_personal,
        )  # fmt: skip

    @contextmanager
    def _fitted(self, good: DataFrame) -> Iterator[DataFrame]:
        """The rows with the types they are stored with; as events where the table is made of those.

        Raises:
            TypeDriftError: a value has no place in its column.
        """
        own, rules = self.lake.path(self.table), self.table.change_rules
        if rules is None or not rules.keeps_events:
            beside = self.lake.tombstones_path(self.table)
            with fitted(good, (self._typed(own), self._typed(beside))) as rows:
                yield rows
            return
        rules = replace(rules, except_column_list=tuple(_private(good)))
        events = events_of(good.drop(SEQUENCE, DELETED), rules)
        tables = (
            self._typed(own, {START_AT: SEQUENCE, END_AT: SEQUENCE}),
            self._typed(self.lake.events_path(self.table)),
        )
        with fitted(events, tables) as rows:
            yield rows if rows is events else fingerprinted(rows, rules)

    def put(self, released: DataFrame, number: int, rows: int) -> Rows:
        """Write rows that were judged before, once for a number."""
        counts = {"_read": rows, "_kept": rows, "_quarantined": 0, "_dropped": 0}
        good = self._placed(released).persist()
        try:
            with self._fitted(good) as fitting:
                return self._put(fitting, number, counts)
        finally:
            good.unpersist()

    def _placed(self, frame: DataFrame) -> DataFrame:
        """The rows with their places among the changes of their keys."""
        from pyspark.sql import functions as F

        table = self.table
        if not table.sequence_by:
            return frame
        sequence = F.struct(
            *[F.expr(name).alias(name.replace(".", "_")) for name in table.sequence_by]
        )
        deletes = F.coalesce(F.expr(table.apply_as_deletes or "false"), F.lit(False))
        return frame.withColumns({SEQUENCE: sequence, DELETED: deletes})

    def _put(self, good: DataFrame, number: int, counts: Mapping[str, int]) -> Rows:
        rules = self.table.change_rules
        if rules is not None and rules.keeps_events:
            # The private columns are gone by now.
            return self._version(good, rules, number, counts)
        self._write(good, number, few=counts["_kept"] <= FEW_ROWS)
        return self._rows(counts)

    def _version(
        self, events: DataFrame, rules: ChangeRules, number: int, counts: Mapping[str, int]
    ) -> Rows:
        """Write to a table that is computed from all changes of a key."""
        path = self.lake.path(self.table)
        stored = StoredEvents(self.lake.events_path(self.table), rules)
        versioned = VersionedRows(self.table.full_name, path, stored, rules, self.table.cluster_by)
        before = self.lake.log(self.table).version()
        events = events.persist()
        try:
            added = versioned.apply(events, (self.stream, number))
        finally:
            events.unpersist()
        # Where no version changed nothing was committed, and the last metrics are another's.
        changed = self.lake.log(self.table).version() != before
        rows = (
            self._rows(counts)
            if changed
            else Rows(
                read=counts["_read"],
                kept=counts["_kept"],
                quarantined=counts["_quarantined"],
                dropped=counts["_dropped"],
            )
        )
        return replace(rows, written=added, superseded=counts["_kept"] - added)

    def _write(self, good: DataFrame, number: int, *, few: bool) -> None:
        table = self.table
        private = _private(good)
        if not table.keys:
            query.append(
                good.drop(*private),
                self.lake.path(table),
                transaction=(self.stream, number),
                options=CHANGE_DATA_FEED,
                cluster_by=table.cluster_by,
            )
            return
        tombstones = Places(self.lake.tombstones_path(table), table.keys)
        latest = LatestRows(
            path=self.lake.path(table),
            places=tombstones if table.apply_as_deletes else None,
            keys=table.keys,
            computed=tuple(name for lookup in table.lookups for name in lookup.columns),
            private=tuple(private),
            cluster_by=table.cluster_by,
        )
        # What is looked up has types of its own.
        with fitted(
            self.lookups.augment(latest.winners(good)), (self._typed(latest.path),)
        ) as winners:
            if latest.places is None:
                # Read once: a merge keeps a copy of its source by itself.
                latest.apply(winners, (self.stream, number), few=few)
                return
            winners.persist()
            try:
                latest.apply(winners, (self.stream, number), few=few)
            finally:
                winners.unpersist()

    def _replace(self, frame: DataFrame, number: int) -> Rows:
        (
            frame.drop(*_private(frame))
            .write.format("delta")
            .mode("overwrite")
            .option("overwriteSchema", "true")
            .option("txnAppId", self.stream)
            .option("txnVersion", str(number))
            .options(**CHANGE_DATA_FEED)
            .save(str(self.lake.path(self.table)))
        )
        written = int(self._metrics().get("numOutputRows", 0))
        if self.table.cluster_by:
            cluster_again(frame, self.lake.path(self.table), self.table.cluster_by)
        return Rows(read=written, kept=written, written=written, inserted=written)

    def _update(self, frame: DataFrame, number: int) -> Rows:
        with fitted(
            frame.drop(*_private(frame)), (self._typed(self.lake.path(self.table)),)
        ) as rows:
            return self._updated(rows, number)

    def _updated(self, frame: DataFrame, number: int) -> Rows:
        from delta.tables import DeltaTable

        path, spark = self.lake.path(self.table), frame.sparkSession
        if not self.lake.log(self.table).exists():
            query.append(frame, path, transaction=(self.stream, number), options=CHANGE_DATA_FEED)
        else:
            on = " and ".join(f"t.`{key}` <=> s.`{key}`" for key in self.table.keys)
            with query.transaction(spark, (self.stream, number)):
                (
                    DeltaTable.forPath(spark, str(path))
                    .alias("t")
                    .merge(frame.alias("s"), on)
                    .withSchemaEvolution()
                    .whenMatchedUpdateAll()
                    .whenNotMatchedInsertAll()
                    .execute()
                )
        rows = self._rows({"_read": 0, "_kept": 0, "_quarantined": 0, "_dropped": 0})
        return Rows(
            read=rows.written,
            kept=rows.written,
            written=rows.written,
            inserted=rows.inserted,
            updated=rows.updated,
        )

    def _rows(self, counts: Mapping[str, int]) -> Rows:
        metrics = self._metrics()
        inserted = int(metrics.get("numTargetRowsInserted", metrics.get("numOutputRows", 0)))
        updated = int(metrics.get("numTargetRowsUpdated", 0))
        deleted = int(metrics.get("numTargetRowsDeleted", 0))
        written = inserted + updated + deleted
        # Only a merge may leave rows out; for an append `conserved` compares both counts.
        superseded = counts["_kept"] - written if self.table.keys else 0
        return Rows(
            read=counts["_read"],
            kept=counts["_kept"],
            written=written,
            superseded=superseded,
            quarantined=counts["_quarantined"],
            dropped=counts["_dropped"],
            inserted=inserted,
            updated=updated,
            deleted=deleted,
        )

    def _metrics(self) -> Mapping[str, str]:
        return self.lake.log(self.table).last_operation()

    def count(self, judged: DataFrame) -> Mapping[str, int]:
        """Count judged rows by what becomes of them, and by the rules they broke."""
        rules = self.table.expectations
        counts: dict[str, int] = judged.agg(*judge.counters(rules)).collect()[0].asDict()
        examples = failing_rows(
            judged.drop(SEQUENCE, DELETED),
            judge.broken(rules, counts),
            personal=self.table.is_personal,
        )
        for new in judge.counted(rules, counts, examples):
            old = self.counts.get(new.name)
            self.counts[new.name] = new if old is None else old + new
        return counts


def _private(frame: DataFrame) -> list[str]:
    own = (SEQUENCE, DELETED)
    return [name for name in frame.columns if name.startswith("_") and name not in own]


@contextmanager
def telling_failures(table: SilverTable) -> Iterator[None]:
    """Tell what Spark reports of rows that were refused in our own terms."""
    try:
        yield
    except Exception as error:
        failure = _as_expectation_failure(error, table) or as_changes_error(error, table.full_name)
        if failure is None:
            raise
        raise failure from error


def _as_expectation_failure(error: Exception, table: SilverTable) -> ExpectationFailedError | None:
    text = str(error)
    mark = f"{judge.FAILED_MARK}{table.full_name}:"
    if mark not in text:
        return None
    rule, _, rest = text.split(mark, 1)[1].partition(": ")
    row = rest.splitlines()[0][:500] if rest else ""
    condition = next(e.condition for e in table.expectations if e.name == rule)
    return ExpectationFailedError(
        f"{table.full_name}: a row breaks {rule} ({condition}), which fails the run; nothing of "
        f"its micro-batch was written. The row: {row} Mend the source or the rule, then run again.",
        rule=rule,
    )
