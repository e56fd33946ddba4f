"""CSV: columns go by the names in each file's header, not by their position.

Files whose headers differ are read in groups of equal headers. Types are inferred only when there
is no stored schema or a header has a new name; otherwise nothing but the header is read twice.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import lzma
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import IO, TYPE_CHECKING, Any, Literal

from pyspark.sql.types import StringType, StructField, StructType

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
    from pyspark.sql import DataFrame, SparkSession

_RECORD = "_csv_record"
_AGAIN = "_csv_again"
_DELIMITER = "\ue000"
_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}


class Delimited:
    """The CSV format, with whatever delimiter."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """The files by their header."""
        if not _has_header(options):
            fields = stored or self._inferred(spark, paths, options)
            return Groups((FileGroup(tuple(paths), fields),))
        by_header: dict[tuple[str, ...], list[str]] = defaultdict(list)
        failed: list[FailedFile] = []
        for path in paths:
            try:
                by_header[_header(path, options)].append(path)
            except (OSError, EOFError, UnicodeDecodeError, csv.Error, lzma.LZMAError) as error:
                failed.append(FailedFile(path, f"its header can't be read: {error}"))
        # A file without a single line has no header: it is taken, with no rows.
        by_header.pop((), None)
        groups = [
            FileGroup(tuple(some), self._fields(spark, header, some, options, stored))
            for header, some in by_header.items()
        ]
        return Groups(tuple(groups), tuple(failed))

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

        typed = {field.name: field for field in schema.fields}
        own = [_as_stored(field, typed) for field in group.fields.fields]
        reader = {**options.reader, "columnNameOfCorruptRecord": _RECORD, "enforceSchema": "true"}
        reader["header"] = str(_has_header(options)).lower()
        frame = (
            spark.read.schema(StructType([*own, StructField(_RECORD, StringType())]))
            .options(**reader)
            .csv([literal_path(path) for path in group.paths])
        )
        strings = ", ".join(f"{quoted(field.name)} string" for field in own)
        again = {k: v for k, v in reader.items() if k.lower() not in ("header", "encoding")}
        again["columnNameOfCorruptRecord"] = _AGAIN
        record = F.col(_RECORD)
        parsed = F.from_csv(record, f"{strings}, {_AGAIN} string", again)
        whole = record.isNotNull() & parsed[_AGAIN].isNull()
        misfits = [
            (
                field.name,
                parsed[field.name].cast("variant"),
                F.col(quoted(field.name)).isNull() & parsed[field.name].isNotNull(),
            )
            for field in own
            if field.name in typed and not isinstance(field.dataType, StringType)
        ]
        outside = [
            (name, F.col(quoted(name)).cast("variant"), F.col(quoted(name)).isNotNull())
            for name in unknown
            if name in group.fields.names
        ]
        kept = F.when(whole, rescued([*misfits, *outside])).otherwise(rescued(outside))
        present = {field.name for field in own}
        columns = [
            F.col(quoted(field.name))
            if field.name in present
            else F.lit(None).cast(field.dataType).alias(field.name)
            for field in schema.fields
        ]
        corrupt = F.when(record.isNotNull() & ~whole, record)
        return frame.select(*columns, kept.alias(RESCUED), corrupt.alias(CORRUPT))

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
        kinds = [field.dataType for field in self._inferred(spark, paths, options).fields]
        kinds += [StringType()] * (len(header) - len(kinds))
        named = zip(header, kinds, strict=False)
        return StructType([StructField(name, kind) for name, kind in named])

    def _inferred(
        self, spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions
    ) -> StructType:
        reader = {"header": "true", **options.reader}
        reader["inferSchema"] = str(options.infer_column_types).lower()
        return spark.read.options(**reader).csv([literal_path(path) for path in paths]).schema


def _as_stored(field: StructField, typed: dict[str, StructField]) -> StructField:
    stored = typed.get(field.name)
    return StructField(field.name, stored.dataType if stored else StringType())


def _has_header(options: CloudFilesOptions) -> bool:
    """A header is assumed while inferring; with a declared schema Spark's own default holds."""
    default = "false" if options.schema_declared else "true"
    return options.reader_option("header", default).lower() == "true"


def _header(path: str, options: CloudFilesOptions) -> tuple[str, ...]:
    delimiter = _character(options.reader_option("sep", options.reader_option("delimiter", ",")))
    quote = _character(options.reader_option("quote", '"'))
    comment = options.reader_option("comment", "")
    encoding = options.reader_option("encoding", options.reader_option("charset", "utf-8")).lower()
    suffix = "." + path.rsplit(".", 1)[-1].lower()
    opener: Callable[..., IO[str]] = _OPENERS.get(suffix, open)
    # Python's parser takes delimiters of one character only, Spark's longer ones too.
    single = delimiter if len(delimiter) == 1 else _DELIMITER
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    with opener(
        path, "rt", encoding="utf-8-sig" if encoding in ("utf-8", "utf8") else encoding, newline=""
    ) as lines:
        data = (
            line.replace(delimiter, single)
            for line in lines
            if not (comment and line.startswith(comment))
        )
        for row in csv.reader(data, delimiter=single, quotechar=quote or None, quoting=quoting):
            if any(name.strip() for name in row):
                return _distinct([name.replace(single, delimiter).strip() for name in row])
    return ()


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    """Column names as Spark makes them of a header: no empty ones, and none twice."""
    return tuple(
        f"_c{position}" if not name else f"{name}{position}" if header.count(name) > 1 else name
        for position, name in enumerate(header)
    )


def _character(spelled: str) -> str:
    r"""The delimiter or quote that an option such as `\t` or `\\u0001` stands for."""
    if len(spelled) > 1 and spelled.startswith("\\"):
        return spelled.encode("latin-1", "backslashreplace").decode("unicode_escape")
    return spelled
