"""`apply_changes_from_snapshot`: the changes between a table and a snapshot of its source."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.changes.apply import (
    DIRECTORY,
    AppliedChanges,
    apply_changes,
    typed_tables,
)
from medallion_assets.lakehouse.changes.events import column, comparable, same
from medallion_assets.lakehouse.changes.rules import END_AT, SEQUENCE, START_AT, ChangeRules
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import ChangesError

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

_GONE, _VERSION = "_snapshot_gone", "_snapshot_version"


def apply_changes_from_snapshot(
    spark: SparkSession,
    snapshot: DataFrame,
    target: str,
    *,
    keys: Sequence[str],
    version: int | datetime.date,
    stored_as_scd_type: int | str = 1,
    track_history_column_list: Sequence[str] | None = None,
    track_history_except_column_list: Sequence[str] | None = None,
) -> AppliedChanges:
    """Bring a table in line with a snapshot of its source, where there is no change feed.

    Rows that are new or differ count as changed, keys that are missing as deleted, at the
    snapshot's version. The same snapshot again changes nothing. What changed more than once
    between two snapshots is seen once (docs.databricks.com, create_auto_cdc_from_snapshot_flow).

    Args:
        spark: the session.
        snapshot: all rows of the source. Columns it does not have keep their values.
        target: a table name or ``delta.`/path` ``; made where it is not there.
        keys: the columns that identify a row; not null, and each only once.
        version: of the snapshot: a number, a date or a time; never less than the last one's.
        stored_as_scd_type: 1 keeps the newest row of a key, 2 every version of it.
        track_history_column_list: see `apply_changes`.
        track_history_except_column_list: see `apply_changes`.

    Raises:
        ChangesError: a key is there twice or null, or the version is older than the last one.
        DeclarationError: a column is named that the snapshot does not have.
        TypeDriftError: see `apply_changes`.
        TableLockedError: other changes are being applied to the table; trying again helps.
    """
    from pyspark.sql import functions as F

    from medallion_assets.lakehouse.catalog import table_at
    from medallion_assets.lakehouse.type_drift import alike, fitted

    has_history = int(stored_as_scd_type) != 1
    _, path = table_at(spark, target)
    _check_keys(snapshot, keys, target)
    # Before values are compared: 7 is not the text 07, nor 1.5 the whole number 1.
    with fitted(snapshot, typed_tables(target, path), widening=False) as fitting:
        changes = fitting.withColumn(_GONE, F.lit(False))
        if DeltaLog(path).exists():
            current = spark.read.format("delta").load(str(path))
            _check_version(_last_version(current, path, has_history=has_history), version, target)
            if has_history:
                current = current.where(f"{END_AT} is null").drop(START_AT, END_AT)
            changes = _changes(fitting, alike(current, fitting.schema), keys)
        # Before the table changes, out of which they are computed.
        changes = changes.withColumn(_VERSION, F.lit(version)).persist()
        try:
            changes.count()
            return apply_changes(
                spark,
                changes,
                target,
                keys=keys,
                sequence_by=_VERSION,
                apply_as_deletes=_GONE,
                except_columns=[_GONE, _VERSION],
                stored_as_scd_type=stored_as_scd_type,
                track_history_column_list=track_history_column_list,
                track_history_except_column_list=track_history_except_column_list,
            )
        finally:
            changes.unpersist()


def _changes(snapshot: DataFrame, current: DataFrame, keys: Sequence[str]) -> DataFrame:
    """What differs, and the keys that are gone."""
    from pyspark.sql import functions as F

    kinds = dict(snapshot.dtypes)
    held = current.withColumn("_there", F.lit(True)).alias("t")
    differs = F.col("t._there").isNull()
    for name in snapshot.columns:
        was = comparable(kinds[name], name, "t") if name in current.columns else F.lit(None)
        differs = differs | ~comparable(kinds[name], name, "s").eqNullSafe(was)
    upserts = snapshot.alias("s").join(held, same(keys), "left").where(differs)
    upserts = upserts.select(*[column(name, "s") for name in snapshot.columns])
    gone = current.alias("t").join(snapshot.alias("s"), same(keys), "left_anti")
    gone = gone.select(*[column(key) for key in keys])
    return upserts.withColumn(_GONE, F.lit(False)).unionByName(
        gone.withColumn(_GONE, F.lit(True)), allowMissingColumns=True
    )


def _check_keys(snapshot: DataFrame, keys: Sequence[str], target: str) -> None:
    from pyspark.sql import functions as F

    ChangeRules(keys=tuple(keys), sequence_by=(_VERSION,)).columns_of(snapshot.columns)
    counted = snapshot.groupBy(*[column(key) for key in keys]).agg(F.count(F.lit(1)).alias("_rows"))
    twice = counted.where("_rows > 1").first()
    if twice is not None:
        shown = ", ".join(f"{key} = {twice[key]!r}" for key in keys)
        raise ChangesError(
            f"{target}: the snapshot has {twice['_rows']} rows with {shown}, so which is the row "
            "can't be told. Name the columns that identify a row as keys, or leave all but one out."
        )


def _check_version(last: Any, version: Any, target: str) -> None:
    try:
        is_older = last is not None and version < last
    except TypeError as error:
        raise ChangesError(
            f"{target}: the snapshot's version {version!r} can't be compared with {last!r}, the "
            "last one that was applied. Give versions of one kind: numbers, dates or times."
        ) from error
    if is_older:
        raise ChangesError(
            f"{target}: the snapshot's version {version} is older than {last}, the last one that "
            "was applied. Apply snapshots in their order: between two of them nothing is known."
        )


def _last_version(current: DataFrame, path: Path, *, has_history: bool) -> Any:
    """The version of the newest change that was applied; None where none was."""
    from pyspark.sql import functions as F

    if has_history:
        newest = current.agg(F.max(F.greatest(START_AT, END_AT))).first()
    else:
        version = DeltaLog(path).version()
        assert version is not None
        places = path / DIRECTORY / version.table_id / "places"
        if not DeltaLog(places).exists():
            return None
        stored = current.sparkSession.read.format("delta").load(str(places))
        newest = stored.agg(F.max(SEQUENCE)).first()
    return None if newest is None else newest[0]
