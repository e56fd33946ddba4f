"""`_rescued_data`: what has no place in the columns, as JSON, with the digits it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DecimalType,
    MapType,
    NumericType,
    StringType,
    StructType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT

if TYPE_CHECKING:
    from pyspark.sql import Column

JSON_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_LITERAL = rf"^(?:{JSON_NUMBER}|true|false)\z"
_FILE_PATH = "_file_path"


@dataclass(frozen=True)
class Rescue:
    """A value that may have no place in the row.

    Attributes:
        name: of its field.
        json: the value as JSON.
        where: the rows in which it has none.
    """

    name: str
    json: Column
    where: Column


def rescued(entries: Sequence[Rescue]) -> Column:
    """The `_rescued_data` of a row: an object of its values, and the file's path; else null."""
    from pyspark.sql import functions as F

    if not entries:
        return F.lit(None).cast("string")
    found = [F.when(entry.where, member(_entry(entry.name), entry.json)) for entry in entries]
    path = member(_FILE_PATH, text_as_json(F.col("_metadata.file_path")))
    whole = F.concat(F.lit("{"), F.concat_ws(",", *found, path), F.lit("}"))
    any_there = reduce(or_, [F.coalesce(entry.where, F.lit(False)) for entry in entries])
    return F.when(any_there, _apart(whole))


def _apart(expression: Column) -> Column:
    """An expression that few rows need, outside of the code that is compiled for all rows.

    As part of it, that code gets longer than Java compiles: rows took 5.6 s, not 3.7. Names in it
    have to be those of columns that no alias beside it has.
    """
    from pyspark.sql import functions as F

    return F.get(F.transform(F.array(F.lit(0)), lambda _: expression), F.lit(0))


def with_rescued(whole: Column, entry: Rescue) -> Column:
    """The `_rescued_data` with one more value."""
    from pyspark.sql import functions as F

    more = F.concat(F.lit("{"), member(_entry(entry.name), entry.json), F.lit(","))
    rest = F.substring(whole, 2, 2**31 - 1)
    added = F.when(whole.isNull(), rescued([entry])).otherwise(F.concat(more, rest))
    return F.when(entry.where, added).otherwise(whole)


def rescued_bytes(record: Column) -> Column:
    """The `_rescued_data` of a record that is not valid UTF-8: its bytes; else null.

    Other readers stumble over it as text.
    """
    from pyspark.sql import functions as F

    return rescued([Rescue(CORRUPT, text_as_json(record), ~F.is_valid_utf8(record))])


def text_as_json(text: Column) -> Column:
    """A text as a JSON string; bytes that are none, in base64."""
    from pyspark.sql import functions as F

    bytes_ = F.to_json(text.cast("binary").cast("variant"))
    return F.when(F.is_valid_utf8(text), F.to_json(text.cast("variant"))).otherwise(bytes_)


def as_json(column: Column, kind: DataType, tokens: DataType | None = None) -> Column:
    """A value as JSON.

    Args:
        column: the value.
        kind: its type; fields that were read as the texts they are have strings in it.
        tokens: the type inferred for the value from JSON, which tells the texts of numbers, of true
            and false and of whole objects from strings; None where all texts are strings.
    """
    from pyspark.sql import functions as F

    if isinstance(kind, StringType):
        return _token(column, tokens)
    if isinstance(kind, StructType):
        seen = tokens.fields if isinstance(tokens, StructType) else []
        within = {field.name: field.dataType for field in seen}
        parts = [
            member(f.name, as_json(column.getField(f.name), f.dataType, within.get(f.name)))
            for f in kind.fields
        ]
        return F.concat(F.lit("{"), F.concat_ws(",", *parts), F.lit("}"))
    if isinstance(kind, ArrayType):
        element = tokens.elementType if isinstance(tokens, ArrayType) else None
        values = F.transform(
            column,
            lambda value: F.coalesce(as_json(value, kind.elementType, element), F.lit("null")),
        )
        return F.concat(F.lit("["), F.concat_ws(",", values), F.lit("]"))
    if isinstance(kind, MapType):
        return _map_as_json(column, kind, tokens)
    if isinstance(kind, DecimalType):
        # A variant would leave out zeros at the end.
        return column.cast("string")
    return F.to_json(column if isinstance(kind, VariantType) else column.cast("variant"))


def _map_as_json(column: Column, kind: MapType, tokens: DataType | None) -> Column:
    from pyspark.sql import functions as F

    of_values = tokens.valueType if isinstance(tokens, MapType) else None
    if isinstance(tokens, StructType) and len({f.dataType for f in tokens.fields}) == 1:
        of_values = tokens.fields[0].dataType

    def member(entry: Column) -> Column:
        value = as_json(entry.getField("value"), kind.valueType, of_values)
        key = text_as_json(entry.getField("key").cast("string"))
        return F.concat(key, F.lit(":"), F.coalesce(value, F.lit("null")))

    members = F.transform(F.map_entries(column), member)
    return F.concat(F.lit("{"), F.concat_ws(",", members), F.lit("}"))


def _token(text: Column, tokens: DataType | None) -> Column:
    from pyspark.sql import functions as F

    quoted = text_as_json(text)
    if isinstance(tokens, (NumericType, BooleanType)):
        return F.when(text.rlike(_LITERAL), text).otherwise(quoted)
    if isinstance(tokens, (StructType, ArrayType, MapType)):
        return F.when(F.try_parse_json(text).isNotNull(), text).otherwise(quoted)
    return quoted


def member(name: str, json: Column) -> Column:
    """A member of an object; null where its value is."""
    import json as texts

    from pyspark.sql import functions as F

    return F.concat(F.lit(texts.dumps(name, ensure_ascii=False) + ":"), json)


def _entry(name: str) -> str:
    """The entry's name; a field that is called like the file's own entry stands beside it."""
    return f"{name} (field)" if name == _FILE_PATH else name
