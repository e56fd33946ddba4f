"""What to do with fields a micro-batch has and the stored schema lacks: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql.types import (
    ArrayType,
    DataType,
    MapType,
    NullType,
    StringType,
    StructField,
    StructType,
)

from medallion_assets.lakehouse.autoloader.options import SchemaEvolutionMode


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

    A stored type never changes: values that don't fit it are rescued. A field whose name differs
    from a stored one only by case is never added, as no table can hold both; it is rescued.

    Args:
        stored: None where there is no schema yet; then everything seen becomes the schema.
        seen: the micro-batch's own fields.
        mode: what the stream does with new ones.
    """
    if stored is None:
        first = StructType([_field(f.name, f.dataType) for f in _first_of_case(seen)])
        clashing = tuple(f.name for f in seen.fields if f.name not in first.names)
        return SchemaDecision(first, tuple(first.names), clashing)
    merged, added = _merge(stored, seen, "")
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
    """One schema with the fields of all; the first type seen of a name stays."""
    merged = StructType([])
    for schema in schemas:
        merged, _ = _merge(merged, schema, "", keep_case_variants=True)
    return merged


def with_hints(schema: StructType, hints: StructType) -> StructType:
    """The schema with the hinted types, and the hinted fields it lacks."""
    hinted = {hint.name.lower(): hint for hint in hints.fields}
    fields = [hinted.pop(field.name.lower(), field) for field in schema.fields]
    return StructType([*fields, *hinted.values()])


def with_string_leaves(schema: StructType) -> StructType:
    """The same structure with every leaf a string: what untyped formats infer to by default."""
    return StructType([_field(f.name, _string_leaves(f.dataType)) for f in schema.fields])


def _string_leaves(kind: DataType) -> DataType:
    if isinstance(kind, StructType):
        return with_string_leaves(kind)
    if isinstance(kind, ArrayType):
        return ArrayType(_string_leaves(kind.elementType))
    if isinstance(kind, MapType):
        return MapType(StringType(), _string_leaves(kind.valueType))
    return StringType()


def _merge(
    stored: StructType, seen: StructType, prefix: str, *, keep_case_variants: bool = False
) -> tuple[StructType, list[str]]:
    fields = list(stored.fields)
    position = {field.name: index for index, field in enumerate(fields)}
    lowered = {field.name.lower() for field in fields}
    added: list[str] = []
    for field in seen.fields:
        index = position.get(field.name)
        if index is not None:
            kind, below = _merge_types(
                fields[index].dataType, field.dataType, f"{prefix}{field.name}."
            )
            fields[index] = _field(field.name, kind) if below else fields[index]
            added += below
        elif keep_case_variants or field.name.lower() not in lowered:
            position[field.name] = len(fields)
            lowered.add(field.name.lower())
            fields.append(_field(field.name, field.dataType))
            added.append(f"{prefix}{field.name}")
    return StructType(fields), added


def _merge_types(stored: DataType, seen: DataType, prefix: str) -> tuple[DataType, list[str]]:
    if isinstance(stored, StructType) and isinstance(seen, StructType):
        return _merge(stored, seen, prefix)
    if isinstance(stored, ArrayType) and isinstance(seen, ArrayType):
        element, added = _merge_types(stored.elementType, seen.elementType, f"{prefix}element.")
        return ArrayType(element), added
    if isinstance(stored, MapType) and isinstance(seen, MapType):
        value, added = _merge_types(stored.valueType, seen.valueType, f"{prefix}value.")
        return MapType(stored.keyType, value), added
    return stored, []


def _first_of_case(schema: StructType) -> list[StructField]:
    first: dict[str, StructField] = {}
    for field in schema.fields:
        first.setdefault(field.name.lower(), field)
    return list(first.values())


def _field(name: str, kind: DataType) -> StructField:
    return StructField(name, StringType() if isinstance(kind, NullType) else kind, nullable=True)
