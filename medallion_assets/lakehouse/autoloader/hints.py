"""Schema hints: types for some fields, at any depth, over what is inferred.

`amount decimal(12,2), address.zip string, tags.element string, scores.key string` as documented for
`cloudFiles.schemaHints`: a dotted path leads into structs, `element` into arrays, `key` and `value`
into maps. A name with a dot of its own stands in backquotes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.types import ArrayType, DataType, MapType, StringType, StructField, StructType

from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_OPENING, _CLOSING = "<(", ">)"


@dataclass(frozen=True)
class Hint:
    """One hint: where it applies, and the type."""

    path: tuple[str, ...]
    type: DataType


def parse_hints(spark: SparkSession, text: str) -> tuple[Hint, ...]:
    """The hints of an option's value.

    Args:
        spark: reads the types.
        text: of `cloudFiles.schemaHints`.

    Raises:
        OptionError: a hint is not a path and a type.
    """
    from pyspark.errors import PySparkException

    hints = []
    for part in _split(text, ","):
        name, _, kind = _partitioned(part)
        try:
            field = spark.createDataFrame([], f"`hint` {kind}").schema["hint"]
        except PySparkException as error:
            raise OptionError(
                f"cloudFiles.schemaHints: {part.strip()!r} is not a name and a type, as in "
                "'amount decimal(12,2), address.zip string'."
            ) from error
        path = tuple(step.strip().strip("`") for step in _split(name, "."))
        hints.append(Hint(path, field.dataType))
    return tuple(hints)


def with_hints(schema: StructType, hints: Sequence[Hint]) -> StructType:
    """The schema with the hinted types, and the hinted fields it lacks at the end of their level.

    Raises:
        OptionError: a path leads through a type that has no parts.
    """
    for hint in hints:
        schema = _in_struct(schema, hint.path, hint)
    return schema


def with_hinted_clocks(schema: StructType, hints: Sequence[Hint]) -> StructType:
    """The first schema of a table, in which times without a zone are such where a hint says so.

    Where none does they are moments there, as Delta takes the other type into a table that is there
    already only after a change by hand.
    """
    clocks = [
        hint
        for hint in hints
        if "timestamp_ntz" in hint.type.simpleString() and hint.path[0] in schema.names
    ]
    return with_hints(schema, clocks)


def hints_beside(text: str, names: Sequence[str]) -> list[str]:
    """The hints of an option's value, without those of some whole fields.

    Args:
        text: of `cloudFiles.schemaHints`.
        names: of the fields.
    """
    gone = {name.lower() for name in names}
    parts = [part.strip() for part in _split(text, ",")]
    return [part for part in parts if _partitioned(part)[0].strip("`").lower() not in gone]


def _in_struct(schema: StructType, path: tuple[str, ...], hint: Hint) -> StructType:
    name, *rest = path
    fields = list(schema.fields)
    for position, field in enumerate(fields):
        if field.name.lower() == name.lower():
            kind = _in_type(field.dataType, tuple(rest), hint)
            # Hints decide how a name is spelled, where that is all they differ in.
            fields[position] = StructField(name, kind)
            return StructType(fields)
    return StructType([*fields, StructField(name, _in_type(None, tuple(rest), hint))])


def _in_type(kind: DataType | None, path: tuple[str, ...], hint: Hint) -> DataType:
    """The type with the hint at the end of the path, made up where there is none yet."""
    if not path:
        return hint.type
    step, rest = path[0], path[1:]
    if step == "element" and (kind is None or isinstance(kind, ArrayType)):
        return ArrayType(_in_type(kind.elementType if kind else None, rest, hint))
    if step in ("key", "value") and _can_be_map(kind, step):
        key: DataType = kind.keyType if isinstance(kind, MapType) else StringType()
        value: DataType = kind.valueType if isinstance(kind, MapType) else StringType()
        if step == "key":
            return MapType(_in_type(key, rest, hint), value)
        return MapType(key, _in_type(value, rest, hint))
    if kind is None or isinstance(kind, StructType):
        return _in_struct(kind or StructType([]), path, hint)
    raise OptionError(
        f"cloudFiles.schemaHints: {'.'.join(hint.path)} leads through {kind.simpleString()}, "
        "which has no parts. Hint the whole field."
    )


def _can_be_map(kind: DataType | None, step: str) -> bool:
    """Whether `key` and `value` mean a map's; JSON's objects are inferred as structs."""
    return (
        kind is None
        or isinstance(kind, MapType)
        or (isinstance(kind, StructType) and step not in kind.names)
    )


def _partitioned(part: str) -> tuple[str, str, str]:
    """A hint's name and type, at the first space or colon outside of backquotes."""
    quoted = False
    text = part.strip()
    for position, character in enumerate(text):
        if character == "`":
            quoted = not quoted
        elif not quoted and (character.isspace() or character == ":"):
            return text[:position], character, text[position + 1 :].strip()
    return text, "", ""


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside of brackets and backquotes."""
    parts, depth, quoted, start = [], 0, False, 0
    for position, character in enumerate(text):
        if character == "`":
            quoted = not quoted
        elif not quoted and character in _OPENING:
            depth += 1
        elif not quoted and character in _CLOSING:
            depth -= 1
        elif not quoted and depth == 0 and character == separator:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]
