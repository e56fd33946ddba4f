"""Change the types of a Delta table's columns to wider ones, before rows of that type come.

Delta widens by itself with `mergeSchema` what stays a whole number or a float; it needs ALTER TABLE
for whole numbers that become decimals or doubles (docs.delta.io, type widening).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql.types import DataType, StructType, TimestampNTZType

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets.lakehouse.type_widening.rules import widened

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROPERTY = "delta.enableTypeWidening"
"""Of a table: whether its columns may widen."""

TYPE_WIDENING = {PROPERTY: "true"}
"""The property of a table whose columns may widen."""


def widen_columns(spark: SparkSession, path: Path, wanted: StructType) -> tuple[str, ...]:
    """Bring the table's columns to the wanted types where those are wider.

    Compared with the table itself, so that a run which was killed in between is made up for.

    Args:
        spark: the session.
        path: of the table; where there is none nothing is done.
        wanted: the schema of the rows that are to be written.

    Returns:
        The names of the columns that changed.
    """
    # From the log, without Spark: this is asked before every write.
    types = {column.name: column.type for column in DeltaLog(path).columns()}
    if all(types.get(f.name) in (None, f.dataType.simpleString()) for f in wanted.fields):
        return ()
    stored = spark.read.format("delta").load(str(path)).schema
    changes = dict(_changes(stored, wanted, ()))
    widen(spark, path, changes)
    return tuple(_spelled(column) for column in changes)


def widen(spark: SparkSession, path: Path, columns: Mapping[tuple[str, ...], DataType]) -> None:
    """Give columns of a table wider types, all in one commit.

    Args:
        spark: the session.
        path: of the table.
        columns: each column, or the way to what is within it, and its new type.

    Raises:
        AnalysisException: Delta does not change such a column.
    """
    if not columns:
        return
    table = f"ALTER TABLE delta.{quoted(str(path))}"
    properties = [f"'{PROPERTY}' = 'true'"]
    if any(isinstance(kind, TimestampNTZType) for kind in columns.values()):
        # Delta takes no such column into a table that was not told of the type before.
        properties.append("'delta.feature.timestampNtz' = 'supported'")
    spark.sql(f"{table} SET TBLPROPERTIES ({', '.join(properties)})")
    changes = (f"{_spelled(name)} TYPE {kind.simpleString()}" for name, kind in columns.items())
    spark.sql(f"{table} ALTER COLUMN {', '.join(changes)}")


def _spelled(column: tuple[str, ...]) -> str:
    return ".".join(map(quoted, column))


def _changes(
    stored: StructType, wanted: StructType, above: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], DataType]]:
    types = {field.name: field.dataType for field in wanted.fields}
    for field in stored.fields:
        kind = types.get(field.name)
        path = (*above, field.name)
        if kind is None or kind == field.dataType:
            continue
        if isinstance(kind, StructType) and isinstance(field.dataType, StructType):
            yield from _changes(field.dataType, kind, path)
        elif widened(field.dataType, kind) == kind:
            yield path, kind
