"""A Delta table and a directory of files to copy into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deltalake import DeltaTable

from medallion_assets.lakehouse.copy_into.command import copy_into
from medallion_assets.lakehouse.copy_into.result import CopyIntoResult
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class CopiedTable:
    """The table, by its path."""

    spark: SparkSession
    root: Path

    @classmethod
    def make(
        cls, spark: SparkSession, root: Path, columns: str = "", properties: str = ""
    ) -> CopiedTable:
        """Make the table; without columns it is a placeholder."""
        made = cls(spark, root)
        listed = f"({columns})" if columns else ""
        spark.sql(f"CREATE TABLE {made.name} {listed} USING delta {properties}")
        made.source.mkdir(parents=True)
        return made

    @property
    def path(self) -> Path:
        return self.root / "table"

    @property
    def source(self) -> Path:
        return self.root / "source"

    @property
    def name(self) -> str:
        return f"delta.{quoted(str(self.path))}"

    def land(self, name: str, content: str | bytes) -> Path:
        """Write a file into the source."""
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def statement(self, format_: str, *clauses: str, select: str = "", places: str = "") -> str:
        source = f"'{self.source}'"
        source = f"(SELECT {select} FROM {source})" if select else source
        return " ".join(
            [f"COPY INTO {self.name} {places} FROM {source} FILEFORMAT = {format_}", *clauses]
        )

    def copy(
        self, format_: str, *clauses: str, select: str = "", places: str = ""
    ) -> CopyIntoResult:
        """Carry out a statement over the source."""
        return copy_into(
            self.spark, self.statement(format_, *clauses, select=select, places=places)
        )

    @property
    def version(self) -> int:
        return DeltaTable(self.path).version()

    def rows(self, *columns: str) -> list[tuple[Any, ...]]:
        """The rows as another Delta reader sees them, in order; all columns where none is given."""
        table = DeltaTable(self.path).to_pyarrow_table()
        table = table.select(list(columns)) if columns else table
        return sorted((tuple(row.values()) for row in table.to_pylist()), key=repr)

    def columns(self) -> Sequence[str]:
        return [field.name for field in DeltaTable(self.path).schema().fields]


Make = Callable[..., CopiedTable]
"""Makes the table, its columns and properties given as DDL."""
