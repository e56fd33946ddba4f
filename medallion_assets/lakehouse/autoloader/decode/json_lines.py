"""NDJSON: one object a line.

Spark's schema inference reads 2 million lines in 1.1 s where parsing them into a variant takes
longer than parsing and writing them typed (6.9 s against 3.5 s). So the fields of a micro-batch are
inferred first, and its rows are then read with types; only a row that did not fit is parsed a
second time, to say which of its values are rescued.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import DataType, StringType, StructField, StructType, VariantType

from medallion_assets.lakehouse.autoloader.decode.conform import as_variant, conform, is_nested
from medallion_assets.lakehouse.autoloader.decode.format import (
    CORRUPT,
    RESCUED,
    FileGroup,
    Groups,
    literal_path,
    quoted,
    rescued,
)
from medallion_assets.lakehouse.autoloader.evolution import union, with_string_leaves
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_RECORD = "_json_record"
_VALUE = "_json_value"


class JsonLines:
    """The JSON format."""

    def groups(
        self,
        spark: SparkSession,
        paths: Sequence[str],
        options: CloudFilesOptions,
        stored: StructType | None,
    ) -> Groups:
        """One group: a JSON row describes itself."""
        from pyspark.errors import AnalysisException

        reader = spark.read.options(**options.reader)
        reader = reader.option("columnNameOfCorruptRecord", _RECORD)
        try:
            inferred = reader.json([literal_path(path) for path in paths]).schema
        except AnalysisException as error:
            if error.getCondition() != "COLUMN_ALREADY_EXISTS":
                raise
            inferred = _without_repeated_keys(spark, paths, options)
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

        if not schema.fields and not unknown:
            return _rows_without_fields(spark, group, options)
        # Fields within fields that the schema lacks are read too, to be rescued.
        seen = {field.name: field.dataType for field in union([schema, group.fields]).fields}
        own = [StructField(field.name, seen[field.name]) for field in schema.fields]
        extra = [StructField(name, VariantType()) for name in unknown]
        frame = (
            spark.read.schema(StructType([*own, *extra, StructField(_RECORD, StringType())]))
            .options(**options.reader)
            .option("columnNameOfCorruptRecord", _RECORD)
            .json([literal_path(path) for path in group.paths])
        )
        record = F.col(_RECORD)
        parsed = F.try_variant_get(F.try_parse_json(record), "$", "map<string,variant>")
        misfits: list[tuple[str, Column, Column]] = []
        outside = [
            (name, F.col(quoted(name)), _says_something(F.col(quoted(name)))) for name in unknown
        ]
        columns: list[Column] = []
        for field, read in zip(schema.fields, own, strict=True):
            column = F.col(quoted(field.name))
            value, lost = conform(column, read.dataType, field.dataType)
            columns.append(value.alias(field.name))
            said = parsed.getItem(field.name)
            unfit = _is_unfit(said, column, read.dataType, options)
            misfits.append((field.name, said, unfit if lost is None else unfit | lost))
            if lost is not None:
                outside.append((field.name, as_variant(column, read.dataType), lost))
        unknowns = outside[: len(unknown)]
        # Only rows that did not fit take the first branch: on the others nothing is parsed again.
        kept = F.when(
            record.isNotNull() & parsed.isNotNull(), rescued([*misfits, *unknowns])
        ).otherwise(rescued(outside))
        corrupt = F.when(record.isNotNull() & parsed.isNull(), record)
        return frame.select(*columns, kept.alias(RESCUED), corrupt.alias(CORRUPT))


def _is_unfit(said: Column, read: Column, kind: DataType, options: CloudFilesOptions) -> Column:
    """Whether what a record says for a field is not what was read, or not all of it."""
    from pyspark.sql import functions as F

    if not is_nested(kind):
        return read.isNull() & _says_something(said)
    # The parser leaves single values out of a nested one; parsing it alone says so.
    alone = StructType([StructField(_VALUE, kind), StructField(_RECORD, StringType())])
    text = F.concat(F.lit(f'{{"{_VALUE}":'), F.to_json(said), F.lit("}"))
    again = F.from_json(text, alone, {**options.reader, "columnNameOfCorruptRecord": _RECORD})
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

    several = options.reader_option("multiLine", "false").lower() == "true"
    separator = options.reader_option("lineSep", "")
    reader = spark.read.options(wholetext=str(several).lower())
    if separator:
        reader = reader.option("lineSep", separator)
    frame = reader.text([literal_path(path) for path in group.paths])
    record = F.col("value")
    is_object = F.try_variant_get(F.try_parse_json(record), "$", "map<string,variant>").isNotNull()
    return frame.where(F.trim(F.regexp_replace(record, r"\s", " ")) != "").select(
        F.lit(None).cast("string").alias(RESCUED),
        F.when(~F.coalesce(is_object, F.lit(False)), record).alias(CORRUPT),
    )


def _without_repeated_keys(
    spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions
) -> StructType:
    """The fields of files in which some object repeats a key, which Spark's inference refuses.

    As for the rows themselves, the last value of a repeated key counts.
    """
    from pyspark.sql import functions as F

    found = (
        spark.read.options(**options.reader)
        .option("singleVariantColumn", _VALUE)
        .json([literal_path(path) for path in paths])
        .where(F.startswith(F.schema_of_variant(_VALUE), F.lit("OBJECT<")))
        .agg(F.schema_of_variant_agg(_VALUE))
        .first()
    )
    said = "" if found is None or found[0] is None else str(found[0])
    if not said.startswith("OBJECT<"):
        return StructType([])
    ddl = re.sub(r"\bOBJECT<", "STRUCT<", said)
    ddl = re.sub(r"\b(VOID|VARIANT)\b(?=[,>])", "STRING", ddl)
    ddl = re.sub(r"\bDECIMAL\(\d+, ?[1-9]\d*\)", "DOUBLE", ddl)
    kind = spark.createDataFrame([], f"`{_VALUE}` {ddl}").schema[_VALUE].dataType
    return kind if isinstance(kind, StructType) else StructType([])
