"""JSON: an object a line, or with `multiLine` a file of one object or an array of objects.

Spark's schema inference reads 2 million lines in 1.1 s where parsing them into a variant takes
longer than parsing and writing them typed (6.9 s against 3.5 s). So the fields of a micro-batch are
inferred first, and its rows are then read with types; only a row that did not fit is parsed a
second time, to say which of its values are rescued.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    DataType,
    NullType,
    StringType,
    StructField,
    StructType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode import compression, json_documents, whole_files
from medallion_assets.lakehouse.autoloader.decode.by_name import homeless, placed, read_fields
from medallion_assets.lakehouse.autoloader.decode.conform import (
    Conversion,
    is_nested,
    spellings,
)
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
from medallion_assets.lakehouse.autoloader.evolution import union, with_string_leaves
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_RECORD = "_json_record"
_VALUE = "_json_value"
_ROW = "_json_row"
_TEXT = "_json_text"


class Json:
    """The JSON format."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group: a JSON row describes itself."""
        whole = several_lines(options)
        failed = compression.unreadable(paths, cut=not whole)
        if whole:
            failed += whole_files.unnameable(spark, paths)
        if failed:
            return Groups((), failed)
        inferred = _inferred(spark, paths, options)
        fields = StructType([field for field in inferred.fields if field.name != _RECORD])
        if not options.infer_column_types:
            fields = with_string_leaves(fields)
        return Groups((FileGroup(tuple(paths), fields),))

    def rows(
        self,
        spark: SparkSession,
        group: FileGroup,
        schema: StructType,
        unknown: Sequence[str],
        options: CloudFilesOptions,
    ) -> DataFrame:
        """Typed rows; a value of the wrong type and the unknown fields are rescued."""
        from pyspark.sql import functions as F

        outside = homeless(unknown, schema, exact=options.reader_case_sensitive)
        read = _read_schema(schema, group.fields, options)
        if not read.fields and not outside:
            return _rows_without_fields(spark, group, options)
        extra = [StructField(name, VariantType()) for name in outside]
        whole = StructType([*read.fields, *extra, StructField(_RECORD, StringType())])
        if several_lines(options):
            frame = json_documents.typed(spark, group.paths, whole, options, _RECORD)
        else:
            given = reader_options(options, columnNameOfCorruptRecord=_RECORD)
            reader = spark.read.schema(whole).options(**given)
            frame = reader.json([literal_path(path) for path in group.paths])
            frame = frame.withColumn(json_documents.BROKEN, F.lit(False))
        return _kept(frame, read, schema, outside, options)


def rows_of_texts(
    texts: DataFrame,
    text: Column,
    seen: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
) -> DataFrame:
    """The rows of records that are at hand as texts, one a row, as lines of a file would give them.

    Args:
        texts: all their columns begin with `_` and are kept; `_metadata.file_path` says where a
            record comes from, for what is rescued.
        text: the record; null gives a row of nulls.
        seen: the records' own fields.
        schema: the stored one.
        unknown: names of fields that have no column.
        options: how to parse.
    """
    from pyspark.sql import functions as F

    outside = homeless(unknown, schema, exact=options.reader_case_sensitive)
    read = _read_schema(schema, seen, options)
    extra = [StructField(name, VariantType()) for name in outside]
    whole = StructType([*read.fields, *extra, StructField(_RECORD, StringType())])
    parse = {**json_documents.parser_options(options), "columnNameOfCorruptRecord": _RECORD}
    # Of an array the parser would take the first element and say nothing of the others.
    broken = text.isNotNull() & ~F.coalesce(F.ltrim(text).startswith("{"), F.lit(False))
    own = [F.col(quoted(name)) for name in texts.columns]
    parsed = F.from_json(F.when(~broken, text), whole, parse)
    is_broken = broken.alias(json_documents.BROKEN)
    frame = texts.select(*own, parsed.alias(_ROW), is_broken, text.alias(_TEXT))
    row = F.col(_ROW)
    record = F.when(F.col(json_documents.BROKEN), F.col(_TEXT)).otherwise(row.getField(_RECORD))
    fields = [row.getField(name).alias(name) for name in whole.names if name != _RECORD]
    frame = frame.select(*own, *fields, record.alias(_RECORD), json_documents.BROKEN)
    return _kept(frame, read, schema, outside, options, beside=own)


def fields_of_texts(texts: DataFrame, text: Column) -> StructType:
    """The fields of records that are at hand as texts; those that are no objects are left out."""
    from pyspark.sql import functions as F

    values = texts.select(F.try_parse_json(text).alias(_VALUE))
    return _known(_fields_of_variants(values, of_nulls="VOID"))


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


def _kept(
    frame: DataFrame,
    read: StructType,
    schema: StructType,
    unknown: Sequence[str],
    options: CloudFilesOptions,
    *,
    beside: Sequence[Column] = (),
) -> DataFrame:
    """The stored schema's columns out of what was read, and what has no place in them."""
    from pyspark.sql import functions as F

    record = F.col(_RECORD)
    parse = json_documents.parser_options(options)
    whole = F.when(~F.col(json_documents.BROKEN), record)
    parsed = _object(whole, parse)
    fields = read_fields(read)
    conversion = Conversion(exact=options.reader_case_sensitive)
    columns: list[Column] = []
    misfits: list[tuple[str, Column, Column]] = []
    converted: list[tuple[str, Column, Column]] = []
    for field in schema.fields:
        place = placed(field, fields, conversion)
        columns.append(place.value)
        for source, lost in place.losses:
            said = parsed.getItem(source.name)
            unfit = _is_unfit(said, source.column, source.kind, parse)
            misfits.append((source.name, said, unfit if lost is None else unfit | lost))
            if lost is not None:
                converted.append(
                    (source.name, conversion.rescued(source.column, source.kind), lost)
                )
    unknowns = [
        (name, F.col(quoted(name)), _says_something(F.col(quoted(name)))) for name in unknown
    ]
    # Only rows that did not fit take the first branches: on the others nothing is parsed again.
    malformed = record.isNotNull() & parsed.isNull()
    kept = (
        F.when(record.isNotNull() & parsed.isNotNull(), rescued([*misfits, *unknowns]))
        .when(malformed, _rescued_bytes(record))
        .otherwise(rescued([*converted, *unknowns]))
    )
    corrupt = F.when(malformed, F.make_valid_utf8(record))
    return frame.select(*columns, kept.alias(RESCUED), corrupt.alias(CORRUPT), *beside)


def _read_schema(schema: StructType, seen: StructType, options: CloudFilesOptions) -> StructType:
    """What to read: the stored fields, in every spelling, with all that is within them.

    Fields within fields that the schema lacks are read too, to be rescued.
    """
    fields: list[StructField] = []
    kinds = {field.name: field for field in seen.fields}
    for field in schema.fields:
        own = spellings(field.name, kinds, exact=options.reader_case_sensitive)
        for name in dict.fromkeys([field.name, *own]):
            stored = StructType([StructField(name, field.dataType)])
            fields += union([stored, StructType([kinds[name]] if name in kinds else [])]).fields
    return StructType(fields)


def _inferred(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> StructType:
    from pyspark.errors import AnalysisException

    reader = spark.read.options(**reader_options(options, columnNameOfCorruptRecord=_RECORD))

    def infer(some: Sequence[str]) -> StructType:
        return reader.json([literal_path(path) for path in some]).schema

    try:
        if several_lines(options):
            return whole_files.inferred(spark, paths, infer)
        return infer(paths)
    except AnalysisException as error:
        if error.getCondition() != "COLUMN_ALREADY_EXISTS":
            raise
        return _without_repeated_keys(spark, paths, options)


def _object(text: Column, parse: dict[str, str]) -> Column:
    """A JSON object's values by name; null where the text is none."""
    from pyspark.sql import functions as F

    # Not read into a map at once: that would keep a repeated key twice.
    values = F.try_variant_get(F.from_json(text, "variant", parse), "$", "map<string,variant>")
    return F.when(F.is_valid_utf8(text), values)


def _is_unfit(said: Column, read: Column, kind: DataType, parse: dict[str, str]) -> Column:
    """Whether what a record says for a field is not what was read, or not all of it."""
    from pyspark.sql import functions as F

    if not is_nested(kind):
        return read.isNull() & _says_something(said)
    # The parser leaves single values out of a nested one; parsing it alone says so.
    alone = StructType([StructField(_VALUE, kind), StructField(_RECORD, StringType())])
    text = F.concat(F.lit(f'{{"{_VALUE}":'), F.to_json(said), F.lit("}"))
    again = F.from_json(text, alone, {**parse, "columnNameOfCorruptRecord": _RECORD})
    return _says_something(said) & (read.isNull() | again[_RECORD].isNotNull())


def _says_something(said: Column) -> Column:
    """Whether a variant is there and not JSON's null."""
    from pyspark.sql import functions as F

    return said.isNotNull() & ~F.is_variant_null(said)


def _rows_without_fields(
    spark: SparkSession, group: FileGroup, options: CloudFilesOptions
) -> DataFrame:
    """Files with nothing but empty objects and records that are none."""
    from pyspark.sql import functions as F

    if several_lines(options):
        frame = json_documents.elements(spark, group.paths, options)
        record = F.col(json_documents.TEXT)
    else:
        separator = options.reader_option("lineSep", "")
        reader = spark.read.options(**({"lineSep": separator} if separator else {}))
        frame = reader.text([literal_path(path) for path in group.paths])
        frame = frame.where(F.trim(F.regexp_replace("value", r"\s", " ")) != "")
        record = F.col("value")
    parse = json_documents.parser_options(options)
    malformed = _object(record, parse).isNull()
    return frame.select(
        F.when(malformed, _rescued_bytes(record)).alias(RESCUED),
        F.when(malformed, F.make_valid_utf8(record)).alias(CORRUPT),
    )


def _rescued_bytes(record: Column) -> Column:
    """The bytes of a record that is not valid UTF-8: other readers stumble over it as text."""
    from pyspark.sql import functions as F

    content = record.cast("binary").cast("variant")
    return rescued([(CORRUPT, content, ~F.is_valid_utf8(record))])


def _without_repeated_keys(
    spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions
) -> StructType:
    """The fields of files in which some object repeats a key, which Spark's inference refuses.

    As for the rows themselves, the last value of a repeated key counts.
    """
    from pyspark.sql import functions as F

    if several_lines(options):
        values = json_documents.elements(spark, paths, options)
        values = values.select(F.col(json_documents.ELEMENT).alias(_VALUE))
    else:
        given = reader_options(options, singleVariantColumn=_VALUE)
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
        values.where(F.startswith(F.schema_of_variant(_VALUE), F.lit("OBJECT<")))
        .agg(F.schema_of_variant_agg(_VALUE))
        .first()
    )
    said = "" if found is None or found[0] is None else str(found[0])
    if not said.startswith("OBJECT<"):
        return StructType([])
    ddl = re.sub(r"\bOBJECT<", "STRUCT<", said)
    ddl = re.sub(r"\bVARIANT\b(?=[,>])", "STRING", ddl)
    ddl = re.sub(r"\bVOID\b(?=[,>])", of_nulls, ddl)
    ddl = re.sub(r"\bDECIMAL\(\d+, ?[1-9]\d*\)", "DOUBLE", ddl)
    empty = values.sparkSession.createDataFrame([], f"`{_VALUE}` {ddl}")
    kind = empty.schema[_VALUE].dataType
    return kind if isinstance(kind, StructType) else StructType([])
