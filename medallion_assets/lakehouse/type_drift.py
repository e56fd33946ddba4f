"""Rows whose types are no longer those of the table they are written to.

Delta casts such rows without a word: 1.7 becomes 1 in a column of whole numbers, a time becomes its
day. Here a value goes into a column only if the column then says the same. Where one does not, the
column is widened, if the table widens and Delta can, or nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException
from pyspark.sql.types import (
    DataType,
    DateType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TypeDriftError
from medallion_assets.lakehouse.same_value import SameValue, is_utc
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.type_widening import parts
from medallion_assets.lakehouse.type_widening.parts import Differing
from medallion_assets.lakehouse.type_widening.rules import holding
from medallion_assets.lakehouse.type_widening.tables import PROPERTY, widen

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_SHOWN = 300


class Widens(Enum):
    """When a column gets a wider type.

    A widened table has Delta's feature `typeWidening`, which not every reader knows.
    """

    NEVER = "never"
    NEEDED = "where a value needs it"
    ALWAYS = "where the rows' type is wider"


@dataclass(frozen=True)
class TypedTable:
    """A table that rows are to be written to.

    Args:
        name: of the table, for messages.
        path: where it is; it need not be there yet.
        widens: when its columns get wider types.
        fed: its columns that get the values of a column with another name, and that name.
        ordered: columns of the rows by whose order something is decided.
        personal: whether its values may not be shown.
        fix: what else helps where a value does not fit.
    """

    name: str
    path: Path
    widens: Widens = Widens.NEVER
    fed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)
    ordered: tuple[str, ...] = ()
    personal: bool = False
    fix: str = "Cast the column in the rows that are written"

    @cached_property
    def schema(self) -> StructType:
        """Its columns by its log, without a job; none where there is no table."""
        log = DeltaLog(self.path)
        if log.version() is None:
            return StructType([])
        return StructType.fromJson(json.loads(log.schema()))

    @cached_property
    def may_widen(self) -> bool:
        """Whether a wider type may be given to a column."""
        return self.widens is not Widens.NEVER and not self.is_kept

    @cached_property
    def is_kept(self) -> bool:
        """Whether its properties say that types stay as they are."""
        return DeltaLog(self.path).properties().get(PROPERTY, "").lower() == "false"


def lake_table(
    name: str,
    path: Path,
    *,
    widening: bool,
    ordered: tuple[str, ...] = (),
    fed: Mapping[str, str] = MappingProxyType({}),
    personal: bool = False,
) -> TypedTable:
    """A table of the lake, or what is kept beside one.

    Args:
        name: of the table.
        path: where it, or that, is.
        widening: whether the table's columns follow wider types.
        ordered: see `TypedTable`.
        fed: the same.
        personal: the same.
    """
    fix = f"Cast it where {name} is computed, or make it anew: medallion rebuild {name}"
    widens = Widens.ALWAYS if widening else Widens.NEVER
    return TypedTable(name, path, widens, fed, ordered, personal, fix)


@dataclass(frozen=True)
class _Drift:
    """A part of a column whose values have another type than is stored.

    Args:
        table: that stores it.
        part: the part.
        wider: the type that holds both; None where Delta has none.
    """

    table: TypedTable
    part: Differing
    wider: DataType | None

    @property
    def column(self) -> str:
        """The rows' column it is in."""
        return self.part.seen[0]

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return ".".join(self.part.stored)

    def becomes(self, *, needed: bool) -> DataType:
        """The type it is written with.

        Args:
            needed: whether there are values that don't fit the stored type.
        """
        always = self.table.may_widen and self.table.widens is Widens.ALWAYS
        return self.wider if self.wider is not None and (needed or always) else self.part.has

    def refusal(self, shown: str) -> str:
        """Why its values can't be written, and what helps."""
        helps = self.table.fix
        if self.wider is None:
            helps = f"Delta widens it to no type that holds both. {helps}"
        elif self.table.is_kept:
            helps = (
                f"The table's property {PROPERTY} is false; where it is not, the column becomes "
                f"{self.wider.simpleString()}. Set it to true, or: {helps}"
            )
        told = "" if self.table.personal else f", for example {shown}"
        return (
            f"the column {self.name} is {self.part.has.simpleString()}, and among the rows' "
            f"values, which are {self.part.kind.simpleString()}, are some that it can't "
            f"hold{told}. {helps}."
        )


@contextmanager
def fitted(
    rows: DataFrame, tables: Sequence[TypedTable], *, widening: bool = True
) -> Iterator[DataFrame]:
    """The rows with the types of the tables they go to; to be called before any is written.

    Rows whose types are stored already are given back as they are, and cost nothing. What only a
    struct of the table has is null in them; what only theirs have Delta adds.

    Args:
        rows: to be written. They are kept meanwhile where their values have to be looked at.
        tables: all that the rows are written to.
        widening: whether they are widened now; else by the write that follows.

    Raises:
        TypeDriftError: a value fits a column neither as it is nor widened. No table was changed.
    """
    pairs = [(table, *pair) for table in tables for pair in _pairs(rows, table)]
    if not pairs:
        yield rows
        return
    drifts = [drift for table, *pair in pairs for drift in _drifts(rows, table, *pair)]
    asked = {n: _lost(rows, drift) for n, drift in enumerate(drifts) if _is_risky(rows, drift)}
    if asked:
        # Looked at and then written: kept, so that both see the same values, read once.
        rows = rows.persist()
    try:
        misfits = _misfits(rows, {n: (drifts[n].column, lost) for n, lost in asked.items()})
        _refuse(drifts, misfits)
        kinds = {drift: drift.becomes(needed=n in misfits) for n, drift in enumerate(drifts)}
        if widening:
            _widen(rows.sparkSession, kinds)
        wanted = {own.name: own.dataType for own in rows.schema.fields}
        for drift, kind in kinds.items():
            wanted[drift.column] = parts.with_part(wanted[drift.column], drift.part.seen[1:], kind)
        for _, given, kept in pairs:
            wanted[given.name] = parts.completed(wanted[given.name], kept.dataType)
        yield _converted(rows, wanted)
    finally:
        if asked:
            rows.unpersist()


def alike(rows: DataFrame, fitting: StructType) -> DataFrame:
    """Stored rows with the types of others that were fitted to them, to be compared with those.

    Args:
        rows: that are stored.
        fitting: the schema of the others: theirs, wider, or with more fields in its structs.
    """
    kinds = {other.name.lower(): other.dataType for other in fitting.fields}
    wanted = {
        own.name: parts.completed(kinds.get(own.name.lower(), own.dataType), own.dataType)
        for own in rows.schema.fields
    }
    return _converted(rows, wanted)


def _pairs(rows: DataFrame, table: TypedTable) -> Iterator[tuple[StructField, StructField]]:
    """The columns whose types differ: of the rows, and of the table."""
    by_name = {found.name.lower(): found for found in rows.schema.fields}
    for kept in table.schema.fields:
        given = by_name.get(table.fed.get(kept.name, kept.name).lower())
        if given is not None and given.dataType.simpleString() != kept.dataType.simpleString():
            yield given, kept


def _drifts(
    rows: DataFrame, table: TypedTable, given: StructField, kept: StructField
) -> Iterator[_Drift]:
    for part in parts.differing(given.dataType, kept.dataType, (given.name,), (kept.name,)):
        yield _Drift(table, part, _wider(rows.sparkSession, part))


def _wider(spark: SparkSession, part: Differing) -> DataType | None:
    if isinstance(part.has, DateType) and isinstance(part.kind, TimestampType):
        # Only there is the clock on the wall the moment itself.
        return TimestampNTZType() if is_utc(spark) else None
    return holding(part.has, part.kind)


def _conversion(rows: DataFrame, drift: _Drift) -> SameValue:
    return SameValue(ordered=drift.column in drift.table.ordered, utc=is_utc(rows.sparkSession))


def _is_risky(rows: DataFrame, drift: _Drift) -> bool:
    """Whether a value of it may have no place, which its types alone don't tell."""
    from pyspark.sql import functions as F

    kind = drift.becomes(needed=False)
    return _conversion(rows, drift).convert(F.lit(None), drift.part.kind, kind)[1] is not None


def _lost(rows: DataFrame, drift: _Drift) -> Column:
    """Where a value of it does not fit what is stored, whatever the rest of the column does."""
    from pyspark.sql import functions as F

    kind = rows.schema[drift.column].dataType
    wanted = parts.with_part(kind, drift.part.seen[1:], drift.part.has)
    lost = _conversion(rows, drift).convert(F.col(quoted(drift.column)), kind, wanted)[1]
    return F.lit(False) if lost is None else F.coalesce(lost, F.lit(False))


def _misfits(rows: DataFrame, asked: Mapping[int, tuple[str, Column]]) -> dict[int, str]:
    """Which of the asked have values that don't fit, each with one of them; one row of Spark's."""
    from pyspark.sql import functions as F

    if not asked:
        return {}
    shown = {
        number: F.when(lost, F.substring(F.to_json(F.struct(quoted(name))), 1, _SHOWN))
        for number, (name, lost) in asked.items()
    }
    examples = [F.max(value).alias(str(number)) for number, value in shown.items()]
    found = rows.agg(*examples).collect()[0].asDict()
    return {number: found[str(number)] for number in asked if found[str(number)] is not None}


def _refuse(drifts: Sequence[_Drift], misfits: Mapping[int, str]) -> None:
    refused = {
        drifts[number]: shown
        for number, shown in misfits.items()
        if drifts[number].wider is None or not drifts[number].table.may_widen
    }
    if not refused:
        return
    # What is kept beside a table has its columns too: told once.
    told = {drift.part.seen: drift.refusal(shown) for drift, shown in reversed(refused.items())}
    first = next(iter(refused))
    raise TypeDriftError(
        f"{first.table.name}: {' Also '.join(reversed(told.values()))} Nothing was written, and "
        "trying again with the same rows ends the same way.",
        table=first.table.name,
        columns=tuple(drift.name for drift in refused),
    )


def _widen(spark: SparkSession, kinds: Mapping[_Drift, DataType]) -> None:
    changes: dict[TypedTable, dict[parts.Path, DataType]] = {}
    for drift, kind in kinds.items():
        if kind != drift.part.has:
            changes.setdefault(drift.table, {})[drift.part.stored] = kind
    for table, columns in changes.items():
        try:
            widen(spark, table.path, columns)
        except AnalysisException as error:
            wanted = ", ".join(f"{'.'.join(c)} {k.simpleString()}" for c, k in columns.items())
            raise TypeDriftError(
                f"{table.name}: values came that need wider columns ({wanted}), and Delta does "
                f"not change them: {error}. No row was written, and trying again ends the same "
                f"way. {table.fix}.",
                table=table.name,
                columns=tuple(".".join(column) for column in columns),
            ) from error


def _converted(rows: DataFrame, wanted: Mapping[str, DataType]) -> DataFrame:
    """The rows with other types, where all values were found to fit."""
    from pyspark.sql import functions as F

    conversion = SameValue(utc=is_utc(rows.sparkSession))
    columns: dict[str, Column] = {}
    for own in rows.schema.fields:
        kind = wanted[own.name]
        value, lost = conversion.convert(F.col(quoted(own.name)), own.dataType, kind)
        if lost is not None:
            # What is another value by now is not bent either.
            failure = F.raise_error(F.lit(f"{own.name} has changed while it was written"))
            lost = F.coalesce(lost, F.lit(False))
            value = F.when(lost, failure.cast(kind)).otherwise(value)
        if own.dataType.simpleString() != kind.simpleString():
            columns[own.name] = value
    return rows.withColumns(columns)
