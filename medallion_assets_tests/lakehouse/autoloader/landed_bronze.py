"""A bronze table over a landing directory of its own, and what stands in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from deltalake import DeltaTable

from medallion_assets.lakehouse.autoloader.options import FileFormat
from medallion_assets.lakehouse.bronze import PROVENANCE
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Files, Materialization
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW, Trigger
from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory
from medallion_assets_tests.lakehouse.autoloader.formats import WrittenFormat

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class LandedBronze:
    """The table, run with a given session."""

    lake: Lake
    spark: SparkSession
    table: BronzeTable

    @classmethod
    def over(
        cls, lake: Lake, spark: SparkSession, kind: FileFormat, schema: str | None = None,
        name: str = "landed", **options: str,
    ) -> LandedBronze:  # fmt: skip
        """A table over files of a format; names without a prefix are `cloudFiles` options.

        A reader option is given with the prefix `reader_`.
        """
        given = {"cloudFiles.settleSeconds": "0"}
        for option, value in options.items():
            bare = option.removeprefix("reader_")
            given[bare if bare != option else f"cloudFiles.{option}"] = value
        source = LandingDirectory(name=name, format=kind, schema=schema, options=given)
        return cls(lake, spark, BronzeTable(name=name, source=source))

    @classmethod
    def of(
        cls, written: WrittenFormat, lake: Lake, spark: SparkSession, schema: str | None = None,
        name: str = "landed", **options: str,
    ) -> LandedBronze:  # fmt: skip
        """A table over files that are written so; options as for `over`."""
        needed = {f"reader_{option}": value for option, value in written.options.items()}
        return cls.over(lake, spark, written.name, schema, name, **{**needed, **options})

    @property
    def landing(self) -> Path:
        return self.lake.landing_path(self.table.source)

    @property
    def checkpoint(self) -> Path:
        return self.lake.stream_directory(self.table)

    def run(
        self, trigger: Trigger = AVAILABLE_NOW, after_discovery: Callable[[], None] = lambda: None
    ) -> Materialization:
        """Materialize the table.

        Args:
            trigger: of the stream.
            after_discovery: called between discovery and reading.
        """

        @cache
        def session() -> SparkSession:
            after_discovery()
            return self.spark

        return materialize(self.table, self.lake, session, trigger=trigger)

    def rows(self) -> list[dict[str, Any]]:
        """Every row as another Delta reader sees it."""
        table = DeltaTable(self.lake.path(self.table)).to_pyarrow_table()
        return list(table.to_pylist())

    def data(self, key: str = "id") -> dict[Any, dict[str, Any]]:
        """The source's own columns by a key that is unique."""
        rows = self.rows()
        found = {
            row[key]: {name: value for name, value in row.items() if name not in PROVENANCE}
            for row in rows
        }
        assert len(found) == len(rows), "the key is not unique"
        return found

    def rescued(self, key: str = "id") -> dict[Any, Mapping[str, Any]]:
        """The rescued values by key, without the file's path, which has to be the row's."""
        found: dict[Any, Mapping[str, Any]] = {}
        for row in self.rows():
            if row["_rescued_data"] is not None:
                values = json.loads(row["_rescued_data"])
                assert values.pop("_file_path") == row["_file_path"]
                found[row[key]] = values
        return found

    def corrupt(self) -> list[str]:
        """The records that could not be parsed."""
        return sorted(row["_corrupt_record"] for row in self.rows() if row["_corrupt_record"])

    def types(self) -> dict[str, str]:
        """The source's own columns and their types."""
        columns = self.lake.log(self.table).columns()
        return {column.name: column.type for column in columns if column.name not in PROVENANCE}


def files_of(done: Materialization) -> Files:
    assert done.files is not None
    return done.files


def local_path(uri: str) -> str:
    """The path of a `file:` URI."""
    return unquote(uri.removeprefix("file:").removeprefix("//"))
