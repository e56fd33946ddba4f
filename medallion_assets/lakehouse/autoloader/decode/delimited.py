"""CSV: columns go by the names in each file's header, not by their position.

Files whose headers differ are read in groups of equal headers. Types are inferred only when there
is no stored schema or a header has a new name; otherwise nothing but the header is read twice.
Without a header the columns go by position, and files are grouped by how many they have. All values
are read as the texts they are and converted here: Spark's own parser takes `1,5` for 15.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode import compression, whole_files
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.csv_header import column_names, has_header
from medallion_assets.lakehouse.autoloader.decode.exact_types import ExactTypes, Fits, candidates
from medallion_assets.lakehouse.autoloader.decode.format import (
    CORRUPT,
    RESCUED,
    FileGroup,
    Groups,
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_RECORD = "_csv_record"
_CANDIDATES = (
    Fits.INTEGER | Fits.LONG | Fits.DOUBLE | Fits.DECIMAL | Fits.BOOLEAN | Fits.DATE | Fits.MOMENT
)


class Delimited:
    """The CSV format, with whatever delimiter."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """The files by their columns."""
        by_header: dict[tuple[str, ...], list[str]] = defaultdict(list)
        whole = several_lines(options)
        failed = list(compression.unreadable(paths, cut=not whole))
        packed = {file.path for file in failed}
        for path in (path for path in paths if path not in packed):
            try:
                by_header[column_names(path, options, stored)].append(path)
            except (OSError, EOFError, UnicodeError, csv.Error) as error:
                failed.append(FailedFile(path, f"its header can't be read: {error}"))
        # A file without a single line has no header: it is taken, with no rows.
        by_header.pop((), None)
        if whole:
            failed += whole_files.unnameable(spark, paths)
        if failed:
            return Groups((), tuple(failed))
        groups = [
            FileGroup(tuple(some), self._fields(spark, header, some, options, stored))
            for header, some in by_header.items()
        ]
        return Groups(tuple(groups))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """Typed rows; a value that is not of its column's type is rescued."""
        from pyspark.sql import functions as F

        own = _texts(group.fields.names)
        frame = _read(spark, own, group.paths, options)
        conversion = Conversion(exact=options.reader_case_sensitive, texts=TextValues.of(options))
        corrupt = F.col(_RECORD)
        rows = conformed(frame, own, schema, unknown, conversion, corrupt=corrupt)
        # A record that can't be parsed is kept whole: what was read of it is no row.
        return rows.withColumn(RESCUED, F.when(F.col(CORRUPT).isNull(), F.col(RESCUED)))

    def _fields(
        self,
        spark: SparkSession,
        header: tuple[str, ...],
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> StructType:
        known = {field.name: field for field in stored.fields} if stored else {}
        if all(name in known for name in header) or not options.infer_column_types:
            return StructType([known.get(name, StructField(name, StringType())) for name in header])
        if options.infer_exact_types:
            own = _texts(header)
            rows = _read(spark, own, paths, options).where(f"{_RECORD} is null")
            wanted = candidates(_CANDIDATES, options)
            return ExactTypes(TextValues.of(options, exact=True), wanted).of(rows, own)
        kinds = [field.dataType for field in _inferred(spark, paths, options).fields]
        kinds += [StringType()] * (len(header) - len(kinds))
        named = zip(header, kinds, strict=False)
        return StructType([StructField(name, kind) for name, kind in named])


def _read(
    spark: SparkSession, own: StructType, paths: Sequence[str], options: CloudFilesOptions
) -> DataFrame:
    """The values as texts, and the records that can't be parsed."""
    given = reader_options(
        options,
        columnNameOfCorruptRecord=_RECORD,
        enforceSchema="true",
        header=str(has_header(options)).lower(),
    )
    reader = spark.read.schema(StructType([*own, StructField(_RECORD, StringType())]))
    return reader.options(**given).csv([literal_path(path) for path in paths])


def _texts(names: Sequence[str]) -> StructType:
    return StructType([StructField(name, StringType()) for name in names])


def _inferred(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> StructType:
    infers = str(options.infer_column_types).lower()
    given = reader_options(options, inferSchema=infers, header=str(has_header(options)).lower())
    reader = spark.read.options(**given)

    def infer(some: Sequence[str]) -> StructType:
        return reader.csv([literal_path(path) for path in some]).schema

    return whole_files.inferred(spark, paths, infer) if several_lines(options) else infer(paths)
