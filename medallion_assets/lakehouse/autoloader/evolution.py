"""What to do with fields a micro-batch has and the stored schema lacks: a pure decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

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
from medallion_assets.lakehouse.type_widening.rules import common, widened

TypeOfBoth = Callable[[DataType, DataType], "DataType | None"]

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
        widened: dotted names of stored fields with their new, wider types.
    """

    schema: StructType
    added: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    widened: tuple[str, ...] = ()


def decide(
    stored: StructType | None, seen: StructType, mode: SchemaEvolutionMode
) -> SchemaDecision:
    """Compare the stored schema with the fields seen in a micro-batch.

    A stored type changes in the mode addNewColumnsWithTypeWidening only, and then to a wider one:
    other values that don't fit it are rescued. A field that no table can hold is never added but
    rescued: its name differs from a stored one only by case, has a character that Delta refuses, or
    is that of a column which is added to every row.

    Args:
        stored: None where there is no schema yet; then everything seen becomes the schema.
        seen: the micro-batch's own fields.
        mode: what the stream does with new ones.
    """
    if stored is None:
        first = _holdable(seen, reserved=_OWN)
        clashing = tuple(f.name for f in seen.fields if f.name not in first.names)
        return SchemaDecision(first, tuple(first.names), clashing)
    widening = mode is SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING
    merging = _Merging(type_of_both=widened if widening else _stays)
    merged = merging.merge(stored, seen, "", reserved=_OWN)
    added = tuple(merging.added)
    if mode.adds or not added:
        unknown = tuple(name for name in seen.names if name not in merged.names)
        return SchemaDecision(merged, added, unknown, widened=tuple(merging.widened))
    if mode is SchemaEvolutionMode.FAIL_ON_NEW_COLUMNS:
        return SchemaDecision(stored, refused=added)
    known = {name.lower() for name in stored.names}
    unknown = tuple(
        name for name in seen.names if name.lower() not in known or name not in stored.names
    )
    return SchemaDecision(stored, unknown=unknown)


def union(schemas: Sequence[StructType]) -> StructType:
    """One schema with the fields of all, at every level; the first type seen of a name stays."""
    return _union(schemas, _stays)


def widest(schemas: Sequence[StructType]) -> StructType:
    """One schema with the fields of all, at every level, each with the widest type seen of it."""
    return _union(schemas, common)


def _union(schemas: Sequence[StructType], type_of_both: TypeOfBoth) -> StructType:
    merged = StructType([])
    for schema in schemas:
        merging = _Merging(type_of_both, keep_case_variants=True)
        merged = merging.merge(merged, schema, "")
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


def _stays(stored: DataType, seen: DataType) -> DataType | None:
    """A type that was seen first is not changed."""
    del stored, seen
    return None


@dataclass
class _Merging:
    """One schema brought together with another, and what that changed in it.

    Args:
        type_of_both: the type that replaces the stored one, None where that stays.
        keep_case_variants: whether names that differ by case only are fields of their own.
    """

    type_of_both: TypeOfBoth
    keep_case_variants: bool = False
    added: list[str] = field(default_factory=list)
    widened: list[str] = field(default_factory=list)

    def merge(
        self,
        stored: StructType,
        seen: StructType,
        prefix: str,
        reserved: frozenset[str] = frozenset(),
    ) -> StructType:
        """The stored schema with the fields it lacks at the end of their level."""
        fields = list(stored.fields)
        position = {field.name: index for index, field in enumerate(fields)}
        lowered = {field.name.lower() for field in fields}
        for new in seen.fields:
            index = position.get(new.name)
            name = f"{prefix}{new.name}"
            if index is not None:
                kind = self._types(fields[index].dataType, new.dataType, name)
                if kind != fields[index].dataType:
                    fields[index] = StructField(new.name, kind)
            elif self.keep_case_variants or can_be_column(new.name, lowered | reserved):
                position[new.name] = len(fields)
                lowered.add(new.name.lower())
                kind = new.dataType if self.keep_case_variants else _holdable_type(new.dataType)
                fields.append(StructField(new.name, kind))
                self.added.append(name)
        return StructType(fields)

    def _types(self, stored: DataType, seen: DataType, name: str) -> DataType:
        if isinstance(stored, StructType) and isinstance(seen, StructType):
            return self.merge(stored, seen, f"{name}.")
        if isinstance(stored, ArrayType) and isinstance(seen, ArrayType):
            return ArrayType(self._types(stored.elementType, seen.elementType, f"{name}.element"))
        if isinstance(stored, MapType) and isinstance(seen, MapType):
            value = self._types(stored.valueType, seen.valueType, f"{name}.value")
            return MapType(stored.keyType, value)
        wider = None if stored == seen else self.type_of_both(stored, seen)
        if wider is None:
            return stored
        self.widened.append(f"{name} {wider.simpleString()}")
        return wider


def can_be_column(name: str, taken: set[str] | frozenset[str] = _OWN) -> bool:
    """Whether a field can have a column of its name, beside those that are taken."""
    return bool(name) and name.lower() not in taken and not _REFUSED_BY_DELTA.search(name)


def _holdable(schema: StructType, reserved: frozenset[str] = frozenset()) -> StructType:
    """The fields a table can hold; of names that differ by case only, the first."""
    return _Merging(_stays).merge(StructType([]), schema, "", reserved=reserved)


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
