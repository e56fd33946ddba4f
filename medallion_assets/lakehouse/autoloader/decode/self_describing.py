"""Parquet and Avro: every file carries its own schema.

Files are grouped by it, read with it, and brought to the stored schema by name. A value that can't
be converted without loss is rescued, and so are the fields the stored schema has no place for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from medallion_assets.lakehouse.autoloader.decode.format import (
    CORRUPT,
    RESCUED,
    FileGroup,
    Groups,
    literal_path,
    quoted,
    rescued,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


class SelfDescribing:
    """What Parquet and Avro have in common."""

    name: str

    def fingerprint(self, path: str) -> str:
        """The file's own schema as text: files with the same text are read together.

        Raises:
            Exception: the file is not one of this format; its message is the reason recorded.
        """
        raise NotImplementedError

    def groups(
        self, spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """The files by their own schema."""
        by_schema: dict[str, list[str]] = defaultdict(list)
        failed: list[FailedFile] = []
        for path in paths:
            try:
                by_schema[self.fingerprint(path)].append(path)
            except Exception as error:
                reason = f"not a readable {self.name} file: {_one_line(error)}"
                failed.append(FailedFile(path, reason))
        reader = spark.read.format(self.name).options(**options.reader)
        readable = [
            FileGroup(tuple(some), reader.load(literal_path(some[0])).schema)
            for some in by_schema.values()
        ]
        return Groups(tuple(readable), tuple(failed))

    def rows(
        self, spark: SparkSession, group: FileGroup, schema: StructType,
        unknown: Sequence[str], options: CloudFilesOptions,
    ) -> DataFrame:
        """The rows in the stored schema."""
        from pyspark.sql import functions as F

        frame = (
            spark.read.format(self.name)
            .schema(group.fields)
            .options(**options.reader)
            .load([literal_path(path) for path in group.paths])
        )
        own = {field.name.lower(): field for field in group.fields.fields}
        columns: list[Column] = []
        outside: list[tuple[str, Column, Column]] = []
        for field in schema.fields:
            source = own.get(field.name.lower())
            if source is None:
                columns.append(F.lit(None).cast(field.dataType).alias(field.name))
                continue
            value, lost = _converted(source, field.dataType)
            columns.append(value.alias(field.name))
            if lost is not None:
                outside.append((field.name, _as_variant(source), lost))
        outside += [
            (name, _as_variant(own[name.lower()]), F.col(quoted(own[name.lower()].name)).isNotNull())
            for name in unknown
            if name.lower() in own
        ]
        corrupt = F.lit(None).cast("string")
        return frame.select(*columns, rescued(outside).alias(RESCUED), corrupt.alias(CORRUPT))


class Parquet(SelfDescribing):
    """The Parquet format; the schema stands in the file's footer."""

    name = "parquet"

    def fingerprint(self, path: str) -> str:
        """The footer's schema."""
        from pyarrow import parquet

        return str(parquet.read_schema(path).remove_metadata())


class Avro(SelfDescribing):
    """The Avro format; the writer's schema stands in the file's header."""

    name = "avro"

    def fingerprint(self, path: str) -> str:
        """The header's schema."""
        import fastavro

        with open(path, "rb") as file:
            return json.dumps(fastavro.reader(file).writer_schema, sort_keys=True)


def _converted(source: StructField, target: DataType) -> tuple[Column, Column | None]:
    """The value as the target type, and where that loses something; None where it never does."""
    from pyspark.sql import functions as F

    column = F.col(quoted(source.name))
    if _bare(source.dataType) == _bare(target):
        return column, None
    if isinstance(target, StringType) and not _nested(source.dataType):
        return column.cast("string"), None
    if _nested(source.dataType) or _nested(target):
        if not (_nested(source.dataType) and _nested(target)):
            return F.lit(None).cast(target), column.isNotNull()
        # By name, as a struct cast goes by position.
        value = F.from_json(F.to_json(column), target.json())
        return value, column.isNotNull() & value.isNull()
    value = column.try_cast(target)
    back = value.try_cast(source.dataType)
    return F.when(back.eqNullSafe(column), value), ~back.eqNullSafe(column)


def _as_variant(source: StructField) -> Column:
    from pyspark.sql import functions as F

    column = F.col(quoted(source.name))
    if _nested(source.dataType):
        return F.to_variant_object(column)
    return column.cast("variant")


def _nested(kind: DataType) -> bool:
    return isinstance(kind, (StructType, ArrayType, MapType))


def _bare(kind: DataType) -> str:
    return kind.simpleString()


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
