"""`apply_changes`: one micro-batch of a change feed into a table."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.autoloader.options.values import interval
from medallion_assets.lakehouse.changes.rules import END_AT, SEQUENCE, START_AT, ChangeRules
from medallion_assets.lakehouse.delta_log import DeltaLog, TableVersion

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from medallion_assets.lakehouse.type_drift import TypedTable

DIRECTORY = "_changes"
"""In the table's directory: what later changes are judged by. VACUUM leaves it alone."""


@dataclass(frozen=True)
class AppliedChanges:
    """What became of a micro-batch of changes.

    Attributes:
        num_inserted_rows: rows the table has got.
        num_updated_rows: rows that have changed.
        num_deleted_rows: rows that are gone.
    """

    num_inserted_rows: int = 0
    num_updated_rows: int = 0
    num_deleted_rows: int = 0


def apply_changes(  # noqa: PLR0913 - AUTO CDC's parameters
    spark: SparkSession,
    changes: DataFrame,
    target: str,
    *,
    keys: Sequence[str],
    sequence_by: str | Column | Sequence[str | Column],
    apply_as_deletes: str | Column | None = None,
    apply_as_truncates: str | Column | None = None,
    ignore_null_updates: bool = False,
    column_list: Sequence[str] | None = None,
    except_column_list: Sequence[str] | None = None,
    except_columns: Sequence[str] | None = None,
    stored_as_scd_type: int | str = 1,
    track_history_column_list: Sequence[str] | None = None,
    track_history_except_column_list: Sequence[str] | None = None,
    tombstone_retention: str | None = None,
) -> AppliedChanges:
    """Apply one micro-batch of changes to a table.

    The table depends on the set of all changes alone: on no order of arrival, no cut into
    micro-batches, no repetition. The same micro-batch again changes nothing, and after a crash it
    is completed by it; so in `foreachBatch` each counts exactly once.

    The words are those of AUTO CDC (docs.databricks.com, create_auto_cdc_flow);
    `docs/changes.md` says what differs.

    Args:
        spark: the session.
        changes: a batch DataFrame, one row a change.
        target: a table name or ``delta.`/path` ``; made where it is not there.
        keys: the columns that identify a row; not null.
        sequence_by: a column or SQL expression that orders the changes of a key, not null; several
            count one after the other, and make a struct of `__START_AT`.
        apply_as_deletes: the condition of changes that remove their key.
        apply_as_truncates: the condition of changes that remove all rows up to their sequence;
            type 1 only.
        ignore_null_updates: whether a null leaves the value that was there, within structs too.
        column_list: the columns of the table; all where it is None.
        except_column_list: columns that are left out.
        except_columns: the same, shorter.
        stored_as_scd_type: 1 keeps the newest row of a key; 2 every version of it, with
            `__START_AT` and `__END_AT` of the sequence's type.
        track_history_column_list: columns whose changes open a new version; all where it is None.
        track_history_except_column_list: columns whose changes change the version they fall into.
        tombstone_retention: how long deleted keys are remembered (`30 days`), for ever where it is
            None. An older change that arrives later than that brings its key back. A table with
            history, `ignore_null_updates` or `apply_as_truncates` keeps all its events.

    Raises:
        DeclarationError: the arguments contradict each other, or name a column there is not.
        ChangesError: a change lacks its key or its sequence, or the changes are a stream.
        TypeDriftError: a value has another type than its column, which can't hold it and not be
            widened to do so; nothing was written.
        TargetError: the table has rows that no stored change made, and needs those changes.
        TableLockedError: other changes are being applied to the table; trying again helps.
    """
    rules = ChangeRules(
        keys=tuple(keys),
        sequence_by=_several(sequence_by),
        apply_as_deletes=apply_as_deletes,
        apply_as_truncates=apply_as_truncates,
        ignore_null_updates=ignore_null_updates,
        column_list=None if column_list is None else tuple(column_list),
        except_column_list=(*(except_column_list or ()), *(except_columns or ())),
        stored_as_scd_type=int(stored_as_scd_type),
        track_history_column_list=(
            None if track_history_column_list is None else tuple(track_history_column_list)
        ),
        track_history_except_column_list=tuple(track_history_except_column_list or ()),
    )
    kept = tombstone_retention
    seconds = None if kept is None else interval("tombstone_retention", kept)
    return _Target.of(spark, target).apply(changes, rules, seconds)


def typed_tables(said: str, path: Path, beside: Path | None = None) -> list[TypedTable]:
    """A table that changes are applied to, and that of what is kept of them."""
    from medallion_assets.lakehouse.type_drift import TypedTable, Widens

    fix = "Cast it in the changes, or make the table anew with a type that holds all its values"
    fed = {START_AT: SEQUENCE, END_AT: SEQUENCE}
    names = {path: said} if beside is None else {path: said, beside: f"{said} ({DIRECTORY})"}
    return [
        TypedTable(name, at, Widens.NEEDED, fed, ordered=(SEQUENCE,), fix=fix)
        for at, name in names.items()
    ]


@contextmanager
def _kept(rows: DataFrame) -> Iterator[DataFrame]:
    """Rows that are read more than once, computed once."""
    rows = rows.persist()
    try:
        yield rows
    finally:
        rows.unpersist()


def _several(given: str | Column | Sequence[str | Column]) -> tuple[str | Column, ...]:
    return tuple(given) if isinstance(given, (list, tuple)) else (cast("str | Column", given),)


@dataclass(frozen=True)
class _Target:
    """The table changes go into."""

    spark: SparkSession
    said: str
    name: str | None
    path: Path

    @classmethod
    def of(cls, spark: SparkSession, target: str) -> _Target:
        from medallion_assets.lakehouse.catalog import table_at

        name, path = table_at(spark, target)
        return cls(spark, target, name, path)

    def apply(
        self, changes: DataFrame, rules: ChangeRules, tombstone_seconds: float | None
    ) -> AppliedChanges:
        """Apply changes, one caller at a time."""
        from medallion_assets.lakehouse.changes.events import as_changes_error, events_of

        events = events_of(changes, rules)
        # Before the lock, which is in its directory: Delta makes no table where something is.
        self._make(events, rules)
        lock = self.path / DIRECTORY / "lock"
        with locks.hold(lock, self.said, f"apply_changes in process {os.getpid()}"):
            version = DeltaLog(self.path).version()
            assert version is not None
            kept = self.path / DIRECTORY / version.table_id
            try:
                self._write(events, rules, kept, tombstone_seconds)
            except Exception as error:
                explained = as_changes_error(error, self.said)
                if explained is None:
                    raise
                raise explained from error
        return self._applied(version)

    def _write(
        self, events: DataFrame, rules: ChangeRules, kept: Path, tombstone_seconds: float | None
    ) -> None:
        from medallion_assets.lakehouse.changes.events import fingerprinted
        from medallion_assets.lakehouse.changes.latest import LatestRows
        from medallion_assets.lakehouse.changes.places import Places
        from medallion_assets.lakehouse.changes.rules import TRUNCATES
        from medallion_assets.lakehouse.changes.stored_events import StoredEvents
        from medallion_assets.lakehouse.changes.versioned import VersionedRows
        from medallion_assets.lakehouse.type_drift import fitted

        if rules.keeps_events:
            with fitted(events, typed_tables(self.said, self.path, kept / "events")) as fitting:
                same = fitting is events
                with _kept(fitting if same else fingerprinted(fitting, rules)) as kept_events:
                    stored = StoredEvents(kept / "events", rules)
                    VersionedRows(self.said, self.path, stored, rules).apply(kept_events, None)
            return
        places = Places(kept / "places", rules.keys, tombstone_seconds)
        latest = LatestRows(self.path, places, rules.keys, keeps_sequence=False)
        with (
            fitted(
                events.drop(TRUNCATES), typed_tables(self.said, self.path, places.path)
            ) as fitting,
            _kept(latest.winners(fitting)) as winners,
        ):
            latest.apply(winners, None)

    def _make(self, events: DataFrame, rules: ChangeRules) -> None:
        """Make the table where it is missing: what is kept of its changes goes by its id."""
        from delta.tables import DeltaTable
        from pyspark.sql.types import StructField, StructType

        from medallion_assets.lakehouse.catalog import register
        from medallion_assets.lakehouse.changes.latest import CHANGE_DATA_FEED
        from medallion_assets.lakehouse.changes.rules import OWN_COLUMNS
        from medallion_assets.lakehouse.type_widening.parts import nullable

        if not DeltaLog(self.path).exists():
            fields = [field for field in events.schema.fields if field.name not in OWN_COLUMNS]
            if rules.has_history:
                kind = events.schema[SEQUENCE].dataType
                fields += [StructField(name, kind) for name in (START_AT, END_AT)]
            schema = StructType([StructField(f.name, nullable(f.dataType)) for f in fields])
            table = DeltaTable.createIfNotExists(self.spark).location(str(self.path))
            table = table.addColumns(schema)
            for name, value in CHANGE_DATA_FEED.items():
                table = table.property(name, value)
            table.execute()
        if self.name is not None:
            register(self.spark, self.name, self.path)

    def _applied(self, before: TableVersion) -> AppliedChanges:
        log = DeltaLog(self.path)
        if log.version() == before:
            return AppliedChanges()
        metrics = log.last_operation()
        inserted = metrics.get("numTargetRowsInserted", metrics.get("numOutputRows", "0"))
        return AppliedChanges(
            int(inserted),
            int(metrics.get("numTargetRowsUpdated", 0)),
            int(metrics.get("numTargetRowsDeleted", 0)),
        )
