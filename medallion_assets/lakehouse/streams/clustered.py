"""Tables with liquid clustering, which a writer alone does not make at a path.

`DataFrameWriter.clusterBy(...).save(path)` writes a table without clustering and says nothing
(Spark 4.1, Delta 4.4). Delta's table builder makes one with it, and `ALTER TABLE` gives it back to
one that was written over, which takes it away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_MAY_BE_NULL = ("nullable", "containsNull", "valueContainsNull")


def make_clustered(
    rows: DataFrame, path: Path, columns: Sequence[str], options: Mapping[str, str]
) -> None:
    """Make the empty table that rows are to be appended to.

    Args:
        rows: whose columns it has; any may be null, as in a table that a writer makes.
        path: the table.
        columns: up to four, by which files are clustered.
        options: of the writer; the table properties among them count.
    """
    from delta.tables import DeltaTable
    from pyspark.sql.types import StructType

    schema = StructType.fromJson(_with_nulls(rows.schema.jsonValue()))
    table = DeltaTable.createIfNotExists(rows.sparkSession).location(str(path))
    table = table.addColumns(schema).clusterBy(*columns)
    for name, value in options.items():
        if name.lower().startswith("delta."):
            table = table.property(name, value)
    table.execute()


def cluster_again(rows: DataFrame, path: Path, columns: Sequence[str]) -> None:
    """Cluster a table by columns from now on, where rows have been written over it."""
    named = ", ".join(map(quoted, columns))
    rows.sparkSession.sql(f"ALTER TABLE delta.{quoted(str(path))} CLUSTER BY ({named})")


def _with_nulls(schema: Any) -> Any:
    """The schema's JSON with nothing in it that must not be null."""
    if isinstance(schema, list):
        return [_with_nulls(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: True if name in _MAY_BE_NULL else part if name == "metadata" else _with_nulls(part)
        for name, part in schema.items()
    }
