"""Columns that stand in directory names: `day=2026-11-01/part.parquet`."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyspark.sql.types import (
    DataType,
    DateType,
    LongType,
    StringType,
    StructField,
    StructType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import is_lost
from medallion_assets.lakehouse.autoloader.decode.format import RESCUED
from medallion_assets.lakehouse.autoloader.decode.rescued import Rescue, text_as_json, with_rescued
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_KEPT = "_partition_kept"
_PAIR = re.compile(r"([^=/]+)=([^/]*)\Z")


def partition_values(
    directory: os.PathLike[str], paths: Sequence[str], wanted: tuple[str, ...] | None
) -> dict[str, set[str]]:
    """Column name to the values seen, from the directories between the landing directory and files.

    Args:
        directory: the landing directory; what is above it is not looked at.
        paths: the files.
        wanted: the only columns to take; None takes every `key=value` directory.
    """
    values: dict[str, set[str]] = {name: set() for name in wanted or ()}
    for folder in {os.path.dirname(path) for path in paths}:
        for part in Path(os.path.relpath(folder, directory)).parts:
            pair = _PAIR.match(part)
            if pair is not None and (wanted is None or pair.group(1) in wanted):
                values.setdefault(pair.group(1), set()).add(unquote(pair.group(2)))
    return values


def with_partitions(schema: StructType, values: dict[str, set[str]], *, infer: bool) -> StructType:
    """The schema with the partition columns it lacks, at its end."""
    present = {name.lower() for name in schema.names}
    added = [
        StructField(name, _type_of(seen) if infer else StringType())
        for name, seen in values.items()
        if name.lower() not in present
    ]
    return StructType([*schema.fields, *added])


def _type_of(values: set[str]) -> DataType:
    said = {value for value in values if value != "__HIVE_DEFAULT_PARTITION__"}
    if said and all(map(_is_day, said)):
        return DateType()
    if said and all(re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value) for value in said):
        return LongType()
    return StringType()


def _is_day(value: str) -> bool:
    try:
        return datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def with_partition_columns(
    frame: DataFrame,
    schema: StructType,
    names: Sequence[str],
    own: Collection[str],
    below: os.PathLike[str],
) -> DataFrame:
    """Add the columns that stand in the files' directories, in the schema's order.

    Values are unescaped as Hive and Spark escape them: `%2F` for `/`. One that is not of its
    column's type is rescued.

    Args:
        frame: the rows, with `_rescued_data`.
        schema: the stored one.
        names: of the columns that stand in directories.
        own: those of them that the files have themselves: a row's own value wins.
        below: the landing directory.
    """
    from pyspark.sql import functions as F

    kinds = {field.name: field.dataType for field in schema.fields}
    # The path comes as a URI: what is escaped in a directory's name is escaped twice there.
    uri = decoded_uri(F.col("_metadata.file_path"))
    directory = F.substring_index(uri, f"{below}/", -1)
    for name in names:
        if name in kinds:
            pair = f"(?:^|/){re.escape(name)}=([^/]*)/"
            found = F.regexp_extract(directory, pair, 1)
            said = F.when((found != "") & (found != "__HIVE_DEFAULT_PARTITION__"), found)
            frame = _with_value(frame, name, decoded_uri(said), kinds[name], own=name in own)
    rest = [name for name in frame.columns if name not in kinds]
    return frame.select(*[F.col(quoted(name)) for name in [*schema.names, *rest]])


def _with_value(
    frame: DataFrame, name: str, text: Column, kind: DataType, *, own: bool
) -> DataFrame:
    from pyspark.sql import functions as F

    if own:
        # Not beside a value of the row's own that had no place in the column.
        kept = F.from_json(RESCUED, "map<string,string>")
        is_rescued = F.coalesce(F.map_contains_key(kept, F.lit(name)), F.lit(False))
        text = F.when(F.col(quoted(name)).isNull() & ~is_rescued, text)
    value = TextValues().value(text, kind)
    entry = Rescue(name, text_as_json(text), is_lost(text, value))
    mended = F.coalesce(F.col(quoted(name)), value) if own else value
    frame = frame.withColumn(_KEPT, with_rescued(F.col(RESCUED), entry))
    return frame.withColumns({name: mended, RESCUED: F.col(_KEPT)}).drop(_KEPT)


def decoded_uri(text: Column) -> Column:
    """Without percent escapes; the text as it is where it is not a valid escape."""
    from pyspark.sql import functions as F

    return F.coalesce(F.try_url_decode(F.regexp_replace(text, r"\+", "%2B")), text)
