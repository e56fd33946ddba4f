"""XML: each element of the name `rowTag` is a row.

The fields of a micro-batch are inferred first; its rows are then read as text in the structure that
the files and the stored schema have together, and converted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode import compression, whole_files
from medallion_assets.lakehouse.autoloader.decode.by_name import conformed
from medallion_assets.lakehouse.autoloader.decode.conform import spellings
from medallion_assets.lakehouse.autoloader.decode.encoding import encoding, what_is_no_text
from medallion_assets.lakehouse.autoloader.decode.exact_types import ExactTypes, Fits, candidates
from medallion_assets.lakehouse.autoloader.decode.format import (
    FileGroup,
    Groups,
    literal_path,
    reader_options,
)
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.decode.xml_ends import what_is_missing
from medallion_assets.lakehouse.autoloader.decode.xml_values import XmlConversion, text_of
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_RECORD = "_xml_record"
_NOTHING = "_xml_nothing"
_CANDIDATES = Fits.LONG | Fits.DOUBLE | Fits.DECIMAL | Fits.BOOLEAN | Fits.DATE | Fits.MOMENT
_LEGACY = "true"
"""Spark's newer parser gives each malformed row the whole file, and none of the rows after it."""


class Xml:
    """The XML format."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group: an XML row describes itself."""
        failed = compression.unreadable(paths, cut=False) + whole_files.unnameable(spark, paths)
        failed = failed or broken(paths, options)
        if failed:
            return Groups((), failed)
        exact = options.infer_exact_types
        given = reader_options(
            options,
            columnNameOfCorruptRecord=_RECORD,
            inferSchema=str(options.infer_column_types and not exact).lower(),
            useLegacyXMLParser=_LEGACY,
        )
        reader = spark.read.format("xml").options(**given)

        def infer(some: Sequence[str]) -> StructType:
            return reader.load([literal_path(path) for path in some]).schema

        seen = whole_files.inferred(spark, paths, infer)
        fields = StructType([field for field in seen.fields if field.name != _RECORD])
        if options.infer_column_types and exact:
            wanted = candidates(_CANDIDATES, options)
            types = ExactTypes(TextValues.of(options, exact=True), wanted, text_of)
            fields = types.of(_read(spark, fields, paths, options), fields)
        harmonized = XmlConversion.of(options).as_stored(stored, fields)
        assert isinstance(harmonized, StructType)
        return Groups((FileGroup(tuple(paths), harmonized),))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """The rows; what has no place in a column is rescued as the text it is."""
        from pyspark.sql import functions as F

        conversion = XmlConversion.of(options)
        shape = _shape(schema, group.fields, conversion)
        if options.reader_option("wildcardColName", "xs_any") in schema.names:
            # Spark puts what has no other column into this one.
            shape = StructType([field for field in shape.fields if field.name not in unknown])
        frame = _read(spark, shape, group.paths, options)
        # A query of nothing but the column for the record is refused.
        corrupt = F.coalesce(_RECORD, _NOTHING)
        return conformed(frame, shape, schema, unknown, conversion, corrupt=corrupt)


def _read(
    spark: SparkSession, shape: StructType, paths: Sequence[str], options: CloudFilesOptions
) -> DataFrame:
    """The rows in a shape, and the records that can't be parsed."""
    own = [*shape.fields, StructField(_NOTHING, StringType()), StructField(_RECORD, StringType())]
    given = reader_options(options, columnNameOfCorruptRecord=_RECORD, useLegacyXMLParser=_LEGACY)
    reader = spark.read.format("xml").options(**given).schema(StructType(own))
    return reader.load([literal_path(path) for path in paths])


def broken(paths: Sequence[str], options: CloudFilesOptions) -> tuple[FailedFile, ...]:
    """The files that are no XML or not the whole of it, with the reason.

    Raises:
        OptionError: there is no such encoding.
    """
    row_tag = options.reader_option("rowTag", "")
    failed: list[FailedFile] = []
    for path in paths:
        try:
            missing = what_is_missing(path, row_tag, encoding(options))
            missing = missing or _no_text(path, options)
        except LookupError as error:
            raise OptionError(f"There is no encoding {encoding(options)!r}.") from error
        except (OSError, EOFError) as error:
            missing = f"it can't be opened: {error}"
        if missing is not None:
            failed.append(FailedFile(path, missing))
    return tuple(failed)


def _no_text(path: str, options: CloudFilesOptions) -> str | None:
    found = what_is_no_text(path, encoding(options))
    return None if found is None else f"{found}: the option encoding says what it is"


def _shape(schema: StructType, seen: StructType, conversion: XmlConversion) -> StructType:
    """What to read: the stored fields in every spelling, and those that are only in the files."""
    stored = {
        name: field.dataType
        for field in schema.fields
        for name in [field.name, *spellings(field.name, seen.names, exact=conversion.exact)]
    }
    kinds = {field.name: field.dataType for field in seen.fields}
    names = dict.fromkeys([*stored, *kinds])
    return StructType(
        [StructField(name, conversion.shape(stored.get(name), kinds.get(name))) for name in names]
    )
