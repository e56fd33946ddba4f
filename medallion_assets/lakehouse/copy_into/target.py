"""The table a statement copies into: where it is, and what its columns are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.catalog import local_path
from medallion_assets.lakehouse.copy_into.statement import CopyInto, TablePath
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TargetError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from pyspark.sql.types import StructField, StructType

_COMPUTED = ("delta.generationExpression", "delta.identity.start")
_DEFAULT = "CURRENT_DEFAULT"
_CHECK = "delta.constraints."


@dataclass(frozen=True)
class TargetTable:
    """A Delta table.

    Attributes:
        name: as the statement has it, for messages.
        path: of the table.
        table_id: Delta's; a table made anew at the same path has another one.
        schema: its columns, with the metadata of Delta's log.
        checks: name to condition of its CHECK constraints.
    """

    name: str
    path: Path
    table_id: str
    schema: StructType
    checks: Mapping[str, str]

    @classmethod
    def of(cls, spark: SparkSession, statement: CopyInto) -> TargetTable:
        """The table of a statement.

        Raises:
            TargetError: there is no such table, it is not a Delta table, or not on a local or
                mounted file system.
        """
        name = statement.target.sql()
        if isinstance(statement.target, TablePath):
            path = _path(name, statement.target.path)
            there = DeltaLog(path).exists()
        else:
            there = spark.catalog.tableExists(name)
        if not there:
            raise TargetError(
                f"COPY INTO {name}: there is no such Delta table. Make it first; without columns, "
                f"CREATE TABLE {name} USING delta, it gets those of the files with mergeSchema in "
                "COPY_OPTIONS."
            )
        detail = spark.sql(f"DESCRIBE DETAIL {name}").collect()[0]
        if detail["format"] != "delta":
            raise TargetError(f"COPY INTO {name}: a table of {detail['format']}, not of delta.")
        path = _path(name, detail["location"])
        return cls(
            name=name,
            path=path,
            table_id=detail["id"],
            schema=_schema(spark, name, path),
            checks={
                key.removeprefix(_CHECK): condition
                for key, condition in detail["properties"].items()
                if key.startswith(_CHECK)
            },
        )

    @property
    def given(self) -> tuple[StructField, ...]:
        """The columns whose values are given, in order: those that Delta does not compute."""
        return tuple(f for f in self.schema.fields if not is_computed(f))


def is_computed(field: StructField) -> bool:
    """Whether Delta computes the column: a generated or an identity one."""
    held: Mapping[str, Any] = field.metadata or {}
    return any(name in held for name in _COMPUTED)


def default_of(field: StructField) -> str | None:
    """The column's default, as SQL."""
    held: Mapping[str, Any] = field.metadata or {}
    return held.get(_DEFAULT)


def _schema(spark: SparkSession, name: str, path: Path) -> StructType:
    """The columns, with what the log knows of them; Spark keeps defaults and the like to itself."""
    from pyspark.sql.types import StructType

    schema = spark.table(name).schema
    return StructType.fromJson(json.loads(DeltaLog(path).schema())) if schema.fields else schema


def _path(name: str, location: str) -> Path:
    path = location.removeprefix("file://").removeprefix("file:")
    if "://" in path:
        raise TargetError(
            f"COPY INTO {name}: the table is at {location}. What was loaded is kept beside the "
            "table, which must be on a local or mounted file system."
        )
    return Path(path) if path == location else local_path(location)
