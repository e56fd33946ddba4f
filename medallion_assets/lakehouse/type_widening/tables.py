"""Change the types of a Delta table's columns to wider ones, before rows of that type come.

Delta widens by itself with `mergeSchema` what stays a whole number or a float; it needs ALTER TABLE
for whole numbers that become decimals or doubles (docs.delta.io, type widening).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark.sql.types import DataType, StructType

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.type_widening.rules import widened

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TYPE_WIDENING = {"delta.enableTypeWidening": "true"}
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
    table = f"delta.`{path}`"
    stored = spark.read.format("delta").load(str(path)).schema
    changes = list(_changes(stored, wanted, ()))
    if changes:
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('delta.enableTypeWidening' = 'true')")
    for name, kind in changes:
        spark.sql(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind.simpleString()}")
    return tuple(name for name, _ in changes)


def _changes(
    stored: StructType, wanted: StructType, above: tuple[str, ...]
) -> Iterator[tuple[str, DataType]]:
    types = {field.name: field.dataType for field in wanted.fields}
    for field in stored.fields:
        kind = types.get(field.name)
        path = (*above, field.name)
        if kind is None or kind == field.dataType:
            continue
        if isinstance(kind, StructType) and isinstance(field.dataType, StructType):
            yield from _changes(field.dataType, kind, path)
        elif widened(field.dataType, kind) == kind:
            yield ".".join(f"`{name}`" for name in path), kind
