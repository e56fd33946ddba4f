"""CSV: columns go by the names in each file's header, not by their position.

Files whose headers differ are read in groups of equal headers. Types are inferred only when there
is no stored schema or a header has a new name; otherwise nothing but the header is read twice.
Without a header the columns go by position, and files are grouped by how many they have. All values
are read as the texts they are and converted here: Spark's own parser takes `1,5` for 15.
"""

from __future__ import annotations

import csv
import dataclasses
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode import compression, csv_bytes, whole_files
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import Conversion
from medallion_assets.lakehouse.autoloader.decode.csv_header import column_names, has_header
from medallion_assets.lakehouse.autoloader.decode.encoding import has_wide_characters, is_utf8
from medallion_assets.lakehouse.autoloader.decode.exact_types import ExactTypes, Fits, candidates
from medallion_assets.lakehouse.autoloader.decode.format import (
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
        by_header: dict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
        whole = several_lines(options)
        failed = list(compression.unreadable(paths, cut=not whole))
        packed = {file.path for file in failed}
        for path in (path for path in paths if path not in packed):
            try:
                header = column_names(path, options, stored)
            except (OSError, EOFError, UnicodeError, csv.Error) as error:
                failed.append(FailedFile(path, f"its header can't be read: {error}"))
                continue
            # A file without a single line has no header: it is taken, with no rows.
            if header:
                bent = is_utf8(options) and csv_bytes.may_be_bent(spark, path)
                by_header[header, bent].append(path)
        if whole:
            failed += whole_files.unnameable(spark, paths)
        if failed:
            return Groups((), tuple(failed))
        groups = [
            _with_fields(
                spark, FileGroup(tuple(some), _texts(header), may_be_bent=bent), options, stored
            )
            for (header, bent), some in by_header.items()
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

        frame = _read(spark, group, options)
        conversion = Conversion(
            options.reader_case_sensitive,
            TextValues.of(options),
            is_whole=F.is_valid_utf8 if group.may_be_bent else None,
        )
        own = _texts(group.fields.names)
        return conformed(frame, own, schema, unknown, conversion, corrupt=F.col(_RECORD))


def _with_fields(
    spark: SparkSession, group: FileGroup, options: CloudFilesOptions, stored: StructType | None
) -> FileGroup:
    """The group with the types of its columns; as it is given, all of them are strings."""
    header = group.fields.names
    known = {field.name: field for field in stored.fields} if stored else {}
    if all(name in known for name in header) or not options.infer_column_types:
        fields = [known.get(field.name, field) for field in group.fields]
    elif options.infer_exact_types:
        rows = _read(spark, group, options).where(f"{_RECORD} is null")
        wanted = candidates(_CANDIDATES, options)
        texts = TextValues.of(options, exact=True)
        fields = ExactTypes(texts, wanted).of(rows, group.fields).fields
    else:
        kinds = [field.dataType for field in _inferred(spark, group.paths, options).fields]
        kinds += [StringType()] * (len(header) - len(kinds))
        fields = [StructField(n, kind) for n, kind in zip(header, kinds, strict=False)]
    return dataclasses.replace(group, fields=StructType(fields))


def _read(spark: SparkSession, group: FileGroup, options: CloudFilesOptions) -> DataFrame:
    """The values as texts, and the records that can't be parsed."""
    own = StructType([*_texts(group.fields.names), StructField(_RECORD, StringType())])
    given = reader_options(
        options,
        columnNameOfCorruptRecord=_RECORD,
        enforceSchema="true",
        header=str(has_header(options)).lower(),
    )
    if has_wide_characters(options):
        # Cut at line ends, such a file is cut within characters.
        given["multiLine"] = "true"
    if group.may_be_bent:
        given = csv_bytes.bytewise(given)
    frame = spark.read.schema(own).options(**given).csv([literal_path(p) for p in group.paths])
    return csv_bytes.with_texts(frame, own) if group.may_be_bent else frame


def _texts(names: Sequence[str]) -> StructType:
    return StructType([StructField(name, StringType()) for name in names])


def _inferred(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> StructType:
    infers = str(options.infer_column_types).lower()
    given = reader_options(options, inferSchema=infers, header=str(has_header(options)).lower())
    reader = spark.read.options(**given)

    def infer(some: Sequence[str]) -> StructType:
        return reader.csv([literal_path(path) for path in some]).schema

    return whole_files.inferred(spark, paths, infer) if several_lines(options) else infer(paths)
