"""What to do with fields a micro-batch has and the stored schema lacks: a pure decision."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    NullType,
    StringType,
    StructField,
    StructType,
    TimestampNTZType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.options import SchemaEvolutionMode

_REFUSED_BY_DELTA = re.compile(r"[ ,;{}()\n\t=]")
_OWN = frozenset(
    {
        "_batch",
        "_corrupt_record",
        "_file_modification_time",
        "_file_path",
        "_ingested_at",
        "_metadata",
        "_rescued_data",
    }
)
"""Columns that are added to a source's own, and Spark's hidden one."""


@dataclass(frozen=True)
class SchemaDecision:
    """The outcome.

    Attributes:
        schema: to read the micro-batch with.
        added: dotted names of the fields that were added; not empty means a new schema version.
        unknown: names of top-level fields that stay outside the schema and are rescued.
        refused: dotted names that the mode `failOnNewColumns` refuses.
    """

    schema: StructType
    added: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()


def decide(
    stored: StructType | None, seen: StructType, mode: SchemaEvolutionMode
) -> SchemaDecision:
    """Compare the stored schema with the fields seen in a micro-batch.

    A stored type never changes: values that don't fit it are rescued. A field that no table can
    hold is never added but rescued: its name differs from a stored one only by case, has a
    character that Delta refuses, or is that of a column which is added to every row.

    Args:
        stored: None where there is no schema yet; then everything seen becomes the schema.
        seen: the micro-batch's own fields.
        mode: what the stream does with new ones.
    """
    if stored is None:
        first = _holdable(seen, reserved=_OWN)
        clashing = tuple(f.name for f in seen.fields if f.name not in first.names)
        return SchemaDecision(first, tuple(first.names), clashing)
    merged, added = _merge(stored, seen, "", reserved=_OWN)
    known = {name.lower() for name in stored.names}
    if not added or mode is SchemaEvolutionMode.ADD_NEW_COLUMNS:
        unknown = tuple(name for name in seen.names if name not in merged.names)
        return SchemaDecision(merged, tuple(added), unknown)
    if mode is SchemaEvolutionMode.FAIL_ON_NEW_COLUMNS:
        return SchemaDecision(stored, refused=tuple(added))
    unknown = tuple(
        name for name in seen.names if name.lower() not in known or name not in stored.names
    )
    return SchemaDecision(stored, unknown=unknown)


def union(schemas: list[StructType]) -> StructType:
    """One schema with the fields of all, at every level; the first type seen of a name stays."""
    merged = StructType([])
    for schema in schemas:
        merged, _ = _merge(merged, schema, "", keep_case_variants=True)
    return merged


def has_case_variants(schema: StructType) -> bool:
    """Whether two fields of one level have names that differ by case only."""
    names = {name.lower() for name in schema.names}
    return len(names) < len(schema.names) or any(map(_varies_below, schema.fields))


def _varies_below(field: StructField) -> bool:
    kind = field.dataType
    while isinstance(kind, (ArrayType, MapType)):
        kind = kind.elementType if isinstance(kind, ArrayType) else kind.valueType
    return isinstance(kind, StructType) and has_case_variants(kind)


def with_hints(schema: StructType, hints: StructType) -> StructType:
    """The schema with the hinted types, and the hinted fields it lacks."""
    hinted = {hint.name.lower(): hint for hint in hints.fields}
    fields = [hinted.pop(field.name.lower(), field) for field in schema.fields]
    return StructType([*fields, *hinted.values()])


def with_string_leaves(schema: StructType) -> StructType:
    """The same structure with every leaf a string: what untyped formats infer to by default."""
    return StructType([StructField(f.name, _string_leaves(f.dataType)) for f in schema.fields])


def _string_leaves(kind: DataType) -> DataType:
    if isinstance(kind, StructType):
        return with_string_leaves(kind)
    if isinstance(kind, ArrayType):
        return ArrayType(_string_leaves(kind.elementType))
    if isinstance(kind, MapType):
        return MapType(StringType(), _string_leaves(kind.valueType))
    return StringType()


def _merge(
    stored: StructType,
    seen: StructType,
    prefix: str,
    *,
    keep_case_variants: bool = False,
    reserved: frozenset[str] = frozenset(),
) -> tuple[StructType, list[str]]:
    fields = list(stored.fields)
    position = {field.name: index for index, field in enumerate(fields)}
    lowered = {field.name.lower() for field in fields}
    added: list[str] = []
    for field in seen.fields:
        index = position.get(field.name)
        if index is not None:
            kind, below = _merge_types(
                fields[index].dataType,
                field.dataType,
                f"{prefix}{field.name}.",
                keep_case_variants=keep_case_variants,
            )
            fields[index] = StructField(field.name, kind) if below else fields[index]
            added += below
        elif keep_case_variants or _can_hold(field.name, lowered | reserved):
            position[field.name] = len(fields)
            lowered.add(field.name.lower())
            kind = field.dataType if keep_case_variants else _holdable_type(field.dataType)
            fields.append(StructField(field.name, kind))
            added.append(f"{prefix}{field.name}")
    return StructType(fields), added


def _merge_types(
    stored: DataType, seen: DataType, prefix: str, *, keep_case_variants: bool
) -> tuple[DataType, list[str]]:
    keep = keep_case_variants
    if isinstance(stored, StructType) and isinstance(seen, StructType):
        return _merge(stored, seen, prefix, keep_case_variants=keep)
    if isinstance(stored, ArrayType) and isinstance(seen, ArrayType):
        element, added = _merge_types(
            stored.elementType, seen.elementType, f"{prefix}element.", keep_case_variants=keep
        )
        return ArrayType(element), added
    if isinstance(stored, MapType) and isinstance(seen, MapType):
        value, added = _merge_types(
            stored.valueType, seen.valueType, f"{prefix}value.", keep_case_variants=keep
        )
        return MapType(stored.keyType, value), added
    return stored, []


def _can_hold(name: str, taken: set[str] | frozenset[str]) -> bool:
    return bool(name) and name.lower() not in taken and not _REFUSED_BY_DELTA.search(name)


def _holdable(schema: StructType, reserved: frozenset[str] = frozenset()) -> StructType:
    """The fields a table can hold; of names that differ by case only, the first."""
    return _merge(StructType([]), schema, "", reserved=reserved)[0]


def _holdable_type(kind: DataType) -> DataType:
    """The type a column gets for values first seen with this type."""
    if isinstance(kind, StructType):
        # A struct without a field can't be stored: such values are rescued.
        fields = _holdable(kind)
        return fields if fields.fields else StringType()
    if isinstance(kind, ArrayType):
        return ArrayType(_holdable_type(kind.elementType))
    if isinstance(kind, MapType):
        return MapType(kind.keyType, _holdable_type(kind.valueType))
    if isinstance(kind, NullType):
        return StringType()
    if isinstance(kind, TimestampNTZType):
        # Delta takes this type into an existing table only after a change by hand.
        return TimestampType()
    return kind
