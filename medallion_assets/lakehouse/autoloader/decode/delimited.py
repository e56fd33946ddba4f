"""CSV: columns go by the names in each file's header, not by their position.

Files whose headers differ are read in groups of equal headers. Types are inferred only when there
is no stored schema or a header has a new name; otherwise nothing but the header is read twice.
Without a header the columns go by position, and files are grouped by how many they have.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode import compression, whole_files
from medallion_assets.lakehouse.autoloader.decode.by_name import homeless, placed, read_fields
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, spellings
from medallion_assets.lakehouse.autoloader.decode.csv_header import column_names, has_header
from medallion_assets.lakehouse.autoloader.decode.format import (
    CORRUPT,
    RESCUED,
    FileGroup,
    Groups,
    literal_path,
    reader_options,
    rescued,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_RECORD = "_csv_record"
_AGAIN = "_csv_again"


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
        exact = options.reader_case_sensitive
        own = _as_stored(group.fields, schema, exact=exact)
        given = reader_options(
            options,
            columnNameOfCorruptRecord=_RECORD,
            enforceSchema="true",
            header=str(has_header(options)).lower(),
        )
        frame = (
            spark.read.schema(StructType([*own, StructField(_RECORD, StringType())]))
            .options(**given)
            .csv([literal_path(path) for path in group.paths])
        )
        return _kept(frame, own, schema, homeless(unknown, schema, exact=exact), options)

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
        kinds = [field.dataType for field in _inferred(spark, paths, options).fields]
        kinds += [StringType()] * (len(header) - len(kinds))
        named = zip(header, kinds, strict=False)
        return StructType([StructField(name, kind) for name, kind in named])


def _kept(
    frame: DataFrame,
    own: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
) -> DataFrame:
    """The stored schema's columns out of what was read, and what has no place in them."""
    from pyspark.sql import functions as F

    again = reader_options(options, columnNameOfCorruptRecord=_AGAIN)
    again = {k: v for k, v in again.items() if k.lower() not in ("header", "encoding", "charset")}
    strings = ", ".join(f"{quoted(field.name)} string" for field in own)
    record = F.col(_RECORD)
    # Only a row that did not fit is parsed again, into strings.
    parsed = F.from_csv(record, f"{strings}, {_AGAIN} string", again)
    whole = record.isNotNull() & parsed[_AGAIN].isNull()
    fields = read_fields(own)
    conversion = Conversion(exact=options.reader_case_sensitive)
    columns: list[Column] = []
    misfits: list[tuple[str, Column, Column]] = []
    outside = [
        (field.name, field.column.cast("variant"), field.column.isNotNull())
        for field in fields
        if field.name in unknown
    ]
    for field in schema.fields:
        place = placed(field, fields, conversion)
        columns.append(place.value)
        for source, lost in place.losses:
            said = parsed[source.name]
            if not isinstance(source.kind, StringType):
                unfit = source.column.isNull() & said.isNotNull()
                misfits.append((source.name, said.cast("variant"), unfit))
            if lost is not None:
                outside.append((source.name, source.column.cast("variant"), lost))
    kept = F.when(whole, rescued([*misfits, *outside])).otherwise(rescued(outside))
    corrupt = F.when(record.isNotNull() & ~whole, record)
    return frame.select(*columns, kept.alias(RESCUED), corrupt.alias(CORRUPT))


def _as_stored(fields: StructType, schema: StructType, *, exact: bool) -> StructType:
    """The file's columns with the stored types; those without a place are strings."""
    kinds = {
        name: field.dataType
        for field in schema.fields
        for name in spellings(field.name, fields.names, exact=exact)
    }
    return StructType([StructField(name, kinds.get(name, StringType())) for name in fields.names])


def _inferred(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> StructType:
    infers = str(options.infer_column_types).lower()
    given = reader_options(options, inferSchema=infers, header=str(has_header(options)).lower())
    reader = spark.read.options(**given)

    def infer(some: Sequence[str]) -> StructType:
        return reader.csv([literal_path(path) for path in some]).schema

    return whole_files.inferred(spark, paths, infer) if several_lines(options) else infer(paths)
