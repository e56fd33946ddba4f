"""Text and binary files: the columns are the format's, whatever the files contain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    BinaryType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.decode import compression
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.encoding import decoded, is_utf8
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
)
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.storage import is_there, size_of
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


_NO_CONTENT = "it is empty, and Spark has no row for such a file"


class Text:
    """The text format: a row a line, or a row a file with `wholetext`."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group, with the column `value`; a single declared column gives it its own name."""
        whole = options.reader_option("wholetext", "false").lower() == "true"
        if failed := compression.unreadable(paths, cut=not whole):
            return Groups((), failed)
        name = "value"
        if stored is not None and options.schema_declared and len(stored.fields) == 1:
            name = stored.names[0]
        return Groups((FileGroup(tuple(paths), StructType([StructField(name, StringType())])),))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The lines; one with bytes that are no text is rescued, in base64."""
        from pyspark.sql import functions as F

        frame = (
            spark.read.format("text")
            .options(**reader_options(options))
            .load([literal_path(path) for path in group.paths])
        )
        if not is_utf8(options):
            frame = decoded(frame, options)
        lines = frame.select(F.col("value").alias(group.fields.names[0]))
        conversion = Conversion(
            options.reader_case_sensitive, TextValues.of(options), is_whole=F.is_valid_utf8
        )
        return conformed(lines, group.fields, schema, unknown, conversion)


class BinaryFile:
    """The binaryFile format: a row a file, with its content."""

    fields = StructType(
        [
            StructField("path", StringType()),
            StructField("modificationTime", TimestampType()),
            StructField("length", LongType()),
            StructField("content", BinaryType()),
        ]
    )

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group, with the format's four columns, or those of them that are declared."""
        empty = [path for path in paths if is_there(path) and not size_of(path)]
        if empty:
            # No row would say that there is such a file.
            return Groups((), tuple(FailedFile(path, _NO_CONTENT) for path in empty))
        fields = self.fields
        if stored is not None and options.schema_declared:
            fields = StructType([field for field in fields if field.name in stored.names])
        return Groups((FileGroup(tuple(paths), fields),))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The files."""
        frame = (
            spark.read.format("binaryFile")
            .options(**reader_options(options))
            .load([literal_path(path) for path in group.paths])
        )
        conversion = Conversion(exact=options.reader_case_sensitive)
        return conformed(frame, group.fields, schema, unknown, conversion)
