"""The fields of JSON files and texts, and their types."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    NullType,
    StructField,
    StructType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.decode import json_documents, whole_files
from medallion_assets.lakehouse.autoloader.decode.exact_types import ExactTypes, Fits, candidates
from medallion_assets.lakehouse.autoloader.decode.format import (
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.json_texts import (
    with_marked_numbers,
    without_marked_numbers,
)
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.evolution import union, with_string_leaves
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, DataFrameReader, SparkSession

RECORD = "_json_record"
VALUE = "_json_value"
_CANDIDATES = Fits.LONG | Fits.DOUBLE | Fits.DECIMAL | Fits.MOMENT
_EXACT_DIGITS = 15
"""As many digits every double keeps."""


def fields_of_files(
    spark: SparkSession,
    paths: Sequence[str],
    options: CloudFilesOptions,
    stored: StructType | None,
) -> StructType:
    """The fields of files with the types of their values.

    Spark's inference makes doubles of all fractions, and of texts moments if it is asked to. Where
    a new column would be one, the values themselves are looked at.

    Args:
        spark: the session.
        paths: of the files.
        options: the stream's.
        stored: the stored schema: of fields that are there already the exact type is not needed.
    """
    exact = options.infer_column_types and options.infer_exact_types
    # Asked to prefer decimals, Spark makes them of strings too: 01234 would lose its zero.
    own = {"prefersDecimal": "false"} if exact else {}
    given = reader_options(options, columnNameOfCorruptRecord=RECORD, **own)
    seen = _inferred(spark, spark.read.options(**given), paths, options)
    seen = StructType([field for field in seen.fields if field.name != RECORD])
    if not exact:
        return seen
    open_fields = [f for f in seen.fields if _is_open(f.dataType) and _is_new(f, stored, options)]
    if not open_fields:
        return seen
    found = _looked_at(spark, paths, StructType(open_fields), options)
    return StructType([StructField(f.name, found.get(f.name, f.dataType)) for f in seen.fields])


def fields_of_texts(texts: DataFrame, text: Column) -> StructType:
    """The fields of records that are at hand as texts; those that are no objects are left out."""
    from pyspark.sql import functions as F

    values = texts.select(F.try_parse_json(text).alias(VALUE))
    return _known(_fields_of_variants(values, of_nulls="VOID"))


def _inferred(
    spark: SparkSession,
    reader: DataFrameReader,
    paths: Sequence[str],
    options: CloudFilesOptions,
) -> StructType:
    from pyspark.errors import AnalysisException

    def infer(some: Sequence[str]) -> StructType:
        return reader.json([literal_path(path) for path in some]).schema

    try:
        return whole_files.inferred(spark, paths, infer) if several_lines(options) else infer(paths)
    except AnalysisException as error:
        if error.getCondition() != "COLUMN_ALREADY_EXISTS":
            raise
        return _without_repeated_keys(spark, paths, options)


def _is_new(field: StructField, stored: StructType | None, options: CloudFilesOptions) -> bool:
    """Whether the type that is inferred for a field is going to be its column's."""
    if stored is None or options.schema_evolution_mode.widens:
        return not _is_hinted(field.name, options.schema_hints or "")
    own = [known for known in stored.fields if known.name == field.name]
    if not own:
        return options.schema_evolution_mode.adds
    return union([StructType(own), StructType([field])]) != StructType(own)


def _is_hinted(name: str, hints: str) -> bool:
    """Whether the whole field has a type of the user's: such a one is not looked at for nothing."""
    return re.search(rf"(?:^|,)\s*`?{re.escape(name)}`?[\s:]", hints, re.IGNORECASE) is not None


def _is_open(kind: DataType) -> bool:
    """Whether the type does not yet say whether every value comes back out of it."""
    if isinstance(kind, StructType):
        return any(_is_open(field.dataType) for field in kind.fields)
    if isinstance(kind, ArrayType):
        return _is_open(kind.elementType)
    return isinstance(kind, (DoubleType, TimestampType))


def _looked_at(
    spark: SparkSession, paths: Sequence[str], seen: StructType, options: CloudFilesOptions
) -> dict[str, DataType]:
    """The types of fields, from their values."""
    shape = with_string_leaves(seen)
    if several_lines(options):
        from pyspark.sql import functions as F

        texts = json_documents.elements(json_documents.texts(spark, paths, options), options)
        parse = json_documents.parser_options(options)
        row = F.from_json(with_marked_numbers(F.col(json_documents.TEXT)), shape, parse)
        frame = texts.select(row.alias(VALUE)).select(f"{VALUE}.*")
    else:
        given = reader_options(options)
        frame = spark.read.schema(shape).options(**given).json([literal_path(p) for p in paths])
    texts_ = TextValues.of(options, exact=True)
    numbers = candidates(_CANDIDATES, options)
    found = ExactTypes(texts_, numbers, without_marked_numbers).of(frame, shape)
    return {
        field.name: _of_tokens(field.dataType, found[field.name].dataType) for field in seen.fields
    }


def _of_tokens(seen: DataType, found: DataType) -> DataType:
    """What was found where a type was open, and what was inferred elsewhere."""
    if isinstance(seen, StructType) and isinstance(found, StructType):
        pairs = zip(seen.fields, found.fields, strict=True)
        fields = [StructField(a.name, _of_tokens(a.dataType, b.dataType)) for a, b in pairs]
        return StructType(fields)
    if isinstance(seen, ArrayType) and isinstance(found, ArrayType):
        return ArrayType(_of_tokens(seen.elementType, found.elementType))
    return found if _is_open(seen) else seen


def _without_repeated_keys(
    spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions
) -> StructType:
    """The fields of files in which some object repeats a key, which Spark's inference refuses.

    As for the rows themselves, the last value of a repeated key counts.
    """
    from pyspark.sql import functions as F

    if several_lines(options):
        found = json_documents.elements(json_documents.texts(spark, paths, options), options)
        parse = json_documents.parser_options(options)
        values = found.select(F.from_json(json_documents.TEXT, "variant", parse).alias(VALUE))
    else:
        given = reader_options(options, singleVariantColumn=VALUE)
        values = spark.read.options(**given).json([literal_path(path) for path in paths])
    return _fields_of_variants(values, of_nulls="STRING")


def _fields_of_variants(values: DataFrame, *, of_nulls: str) -> StructType:
    """The fields of the objects in a column of variants.

    Args:
        values: with that column.
        of_nulls: the type of a field of which nothing but null was seen.
    """
    from pyspark.sql import functions as F

    found = (
        values.where(F.startswith(F.schema_of_variant(VALUE), F.lit("OBJECT<")))
        .agg(F.schema_of_variant_agg(VALUE))
        .first()
    )
    said = "" if found is None or found[0] is None else str(found[0])
    if not said.startswith("OBJECT<"):
        return StructType([])
    ddl = re.sub(r"\bOBJECT<", "STRUCT<", said)
    ddl = re.sub(r"\bVARIANT\b(?=[,>])", "STRING", ddl)
    ddl = re.sub(r"\bVOID\b(?=[,>])", of_nulls, ddl)
    ddl = re.sub(r"\bDECIMAL\((\d+), ?([1-9]\d*)\)", _double_or_decimal, ddl)
    empty = values.sparkSession.createDataFrame([], f"`{VALUE}` {ddl}")
    kind = empty.schema[VALUE].dataType
    return kind if isinstance(kind, StructType) else StructType([])


def _double_or_decimal(found: re.Match[str]) -> str:
    """Fractions are doubles, where these keep all digits that were seen."""
    return "DOUBLE" if int(found[1]) <= _EXACT_DIGITS else found[0]


def _known(fields: StructType) -> StructType:
    """The fields without those of which nothing but null was seen, at every level.

    What they hold shows later: a snapshot's events have no `before`, the first update's has.
    """
    kinds = ((field.name, _known_type(field.dataType)) for field in fields.fields)
    return StructType([StructField(name, kind) for name, kind in kinds if kind is not None])


def _known_type(kind: DataType) -> DataType | None:
    if isinstance(kind, NullType):
        return None
    if isinstance(kind, StructType):
        within = _known(kind)
        return within if within.fields else None
    if isinstance(kind, ArrayType):
        element = _known_type(kind.elementType)
        return None if element is None else ArrayType(element)
    return kind
