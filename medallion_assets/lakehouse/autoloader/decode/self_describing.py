"""Avro, ORC and Parquet: every file carries its own schema.

Files are grouped by it, read with it, and brought to the stored schema by name. A value that can't
be converted without loss is rescued, and so are the fields the stored schema has no place for.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.storage import is_there, open_file
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType


class SelfDescribing(ABC):
    """What they have in common."""

    name: str

    @abstractmethod
    def fingerprint(self, path: str) -> str:
        """The file's own schema as text: files with the same text are read together.

        Raises:
            Exception: the file is not one of this format; its message is the reason recorded.
        """

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """The files by their own schema."""
        by_schema: dict[str, list[str]] = defaultdict(list)
        failed: list[FailedFile] = []
        for path in paths:
            try:
                by_schema[self.fingerprint(path)].append(path)
            except Exception as error:  # noqa: BLE001 - whatever it is, the file is not readable
                reason = f"not a readable {self.name} file: {_one_line(error)}"
                failed.append(FailedFile(path, reason))
        readable: list[FileGroup] = []
        for some in by_schema.values():
            try:
                readable.append(FileGroup(tuple(some), self._fields(spark, some[0], options)))
            except Exception as error:
                if any(not is_there(path) for path in some):
                    raise
                reason = f"Spark can't read its schema: {_one_line(error)}"
                failed += [FailedFile(path, reason) for path in some]
        return Groups(tuple(readable), tuple(failed))

    def _fields(self, spark: SparkSession, path: str, options: CloudFilesOptions) -> StructType:
        reader = spark.read.format(self.name).options(**reader_options(options))
        return reader.load(literal_path(path)).schema

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The rows in the stored schema."""
        frame = (
            spark.read.format(self.name)
            .schema(group.fields)
            .options(**reader_options(options))
            .load([literal_path(path) for path in group.paths])
        )
        from pyspark.sql import functions as F

        # What a file calls a text can be any bytes.
        conversion = Conversion(options.reader_case_sensitive, is_whole=F.is_valid_utf8)
        return conformed(frame, group.fields, schema, unknown, conversion)


class Parquet(SelfDescribing):
    """The Parquet format; the schema stands in the file's footer."""

    name = "parquet"

    def fingerprint(self, path: str) -> str:
        """The footer's schema."""
        from pyarrow import parquet

        with open_file(path) as file:
            return str(parquet.read_schema(file).remove_metadata())


class Orc(SelfDescribing):
    """The ORC format; the schema stands in the file's footer."""

    name = "orc"

    def fingerprint(self, path: str) -> str:
        """The footer's schema."""
        from pyarrow import orc

        with open_file(path) as file:
            return str(orc.ORCFile(file).schema.remove_metadata())


class Avro(SelfDescribing):
    """The Avro format; the writer's schema stands in the file's header."""

    name = "avro"

    def fingerprint(self, path: str) -> str:
        """The header's schema."""
        import fastavro

        with open_file(path) as file:
            return json.dumps(fastavro.reader(file).writer_schema, sort_keys=True)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
