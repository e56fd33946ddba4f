"""JSON that is at hand as texts: files of one value with `multiLine`, values of events, lines.

Spark's own reader gives every element of an array the whole file as its corrupt record when one of
them does not fit, and reads nothing after the first value. So the text is cut into its elements
first, and each is parsed as a line would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.encoding import decoded
from medallion_assets.lakehouse.autoloader.decode.format import (
    literal_path,
    reader_options,
    several_lines,
)
from medallion_assets.lakehouse.autoloader.decode.json_texts import (
    with_marked_halves,
    with_marked_numbers,
    without_marked_numbers,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

TEXT = "_json_text"
BROKEN = "_json_broken"
_ROOT = "_json_root"
_OF_FILES = frozenset({"multiline", "encoding", "charset", "linesep"})


def parser_options(options: CloudFilesOptions) -> dict[str, str]:
    """The options for parsing a text that is already at hand."""
    given = reader_options(options)
    return {name: value for name, value in given.items() if name.lower() not in _OF_FILES}


def texts(spark: SparkSession, paths: Sequence[str], options: CloudFilesOptions) -> DataFrame:
    """The texts of files: lines, or with `multiLine` whole files; none that is blank.

    Halves of surrogate pairs are marked in them.
    """
    from pyspark.sql import functions as F

    reader = spark.read
    whole = several_lines(options)
    separator = options.reader_option("lineSep", "")
    if separator and not whole:
        reader = reader.option("lineSep", separator)
    files = reader.text([literal_path(path) for path in paths], wholetext=whole)
    text = with_marked_halves(F.col("value")).alias(TEXT)
    return decoded(files, options).select(text).where(F.regexp_replace(TEXT, r"\s", "") != "")


def elements(texts: DataFrame, options: CloudFilesOptions) -> DataFrame:
    """A row an element of the column of texts: its text, and whether it is broken.

    The text of an element has the digits it had; one that is broken is no single JSON value.
    """
    from pyspark.sql import functions as F

    text = F.col(TEXT)
    # Whatever stands after the first value is seen this way: the text would be malformed, or have
    # other than two elements.
    alone = F.concat(F.lit("["), with_marked_numbers(text), F.lit("\n,null]"))
    root = F.from_json(alone, "array<variant>", parser_options(options))
    rooted = texts.select(text, root.alias(_ROOT))
    only = F.get(F.col(_ROOT), F.lit(0))
    inner = F.coalesce(F.try_variant_get(only, "$", "array<variant>"), F.array(only))
    whole = F.array(_element(text, broken=True))
    parts = F.transform(
        inner, lambda part: _element(without_marked_numbers(F.to_json(part)), broken=False)
    )
    is_one = F.is_valid_utf8(text) & (F.size(F.col(_ROOT)) == 2)  # noqa: PLR2004
    return rooted.select(F.inline(F.when(is_one, parts).otherwise(whole)))


def _element(text: Column, *, broken: bool) -> Column:
    from pyspark.sql import functions as F

    return F.struct(text.alias(TEXT), F.lit(broken).alias(BROKEN))
