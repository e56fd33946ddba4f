"""JSON with `multiLine`: a file is one value, an object or an array of objects.

Spark's own reader gives every element of an array the whole file as its corrupt record when one of
them does not fit, and reads nothing after the first value. So the text is cut into its elements
first, and each is parsed as a line would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.sql.types import StructField, StructType

from medallion_assets.lakehouse.autoloader.decode.encoding import decoded
from medallion_assets.lakehouse.autoloader.decode.format import (
    literal_path,
    reader_options,
    sql_type,
)
from medallion_assets.lakehouse.autoloader.evolution import with_string_leaves
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

TEXT = "_json_text"
ELEMENT = "_json_element"
BROKEN = "_json_broken"
_ROOT = "_json_root"
_ROW = "_json_row"
_OF_FILES = frozenset({"multiline", "encoding", "charset", "linesep"})


def parser_options(options: CloudFilesOptions) -> dict[str, str]:
    """The options for parsing a text that is already at hand."""
    given = reader_options(options)
    return {name: value for name, value in given.items() if name.lower() not in _OF_FILES}


def elements(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> DataFrame:
    """A row an element: its text, its value, and whether it is a file that is no JSON value."""
    from pyspark.sql import functions as F

    files = spark.read.text([literal_path(path) for path in paths], wholetext=True)
    files = decoded(files, options).select(F.col("value").alias(TEXT))
    text = F.col(TEXT)
    # Whatever stands after the first value is seen this way: the text would be malformed, or have
    # other than two elements.
    alone = F.concat(F.lit("["), text, F.lit("\n,null]"))
    root = F.from_json(alone, "array<variant>", parser_options(options))
    rooted = files.where(F.regexp_replace(text, r"\s", "") != "").select(text, root.alias(_ROOT))
    only = F.get(F.col(_ROOT), F.lit(0))
    inner = F.coalesce(F.try_variant_get(only, "$", "array<variant>"), F.array(only))
    whole = F.array(_element(text, F.lit(None).cast("variant"), broken=True))
    parts = F.transform(inner, lambda part: _element(F.to_json(part), part, broken=False))
    is_one = F.is_valid_utf8(text) & (F.size(F.col(_ROOT)) == 2)  # noqa: PLR2004
    return rooted.select(F.inline(F.when(is_one, parts).otherwise(whole)))


def typed(
    spark: SparkSession,
    paths: Sequence[str],
    schema: StructType,
    options: CloudFilesOptions,
    record: str,
) -> DataFrame:
    """The elements as Spark reads lines: typed, with the text of one that does not fit.

    Args:
        spark: the session.
        paths: of the files.
        schema: to parse an element with; includes the column for the text.
        options: the stream's.
        record: the name of that column.
    """
    from pyspark.sql import functions as F

    parse = {**parser_options(options), "columnNameOfCorruptRecord": record}
    text = F.when(~F.col(BROKEN), F.col(TEXT))
    members = F.try_variant_get(ELEMENT, "$", "map<string,variant>")
    row = F.from_json(text, schema, parse)
    frame = elements(spark, paths, options)
    frame = frame.select(TEXT, BROKEN, members.alias(ELEMENT), row.alias(_ROW))
    columns = [_member(field).alias(field.name) for field in schema.fields if field.name != record]
    misfit = F.when(F.col(BROKEN), F.col(TEXT)).otherwise(F.col(_ROW).getField(record))
    return frame.select(*columns, misfit.alias(record), BROKEN)


def _member(field: StructField) -> Column:
    from pyspark.sql import functions as F

    if with_string_leaves(StructType([field])).fields[0].dataType == field.dataType:
        # The parser would make a double's text of a number.
        said = F.col(ELEMENT).getItem(field.name)
        return F.try_variant_get(said, "$", sql_type(field.dataType))
    return F.col(_ROW).getField(field.name)


def _element(text: Column, value: Column, *, broken: bool) -> Column:
    from pyspark.sql import functions as F

    return F.struct(text.alias(TEXT), value.alias(ELEMENT), F.lit(broken).alias(BROKEN))
