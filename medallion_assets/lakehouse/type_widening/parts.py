"""Nested types part by part: where two differ, and one made of another. Pure, no rows here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyspark.sql.types import ArrayType, DataType, MapType, StructType

Path = tuple[str, ...]
"""The way to a part, as ALTER TABLE names it: fields, `element`, `key` and `value`."""


@dataclass(frozen=True)
class Differing:
    """A part that has another type in rows than in the table they go to.

    Args:
        seen: the way to it in the rows; names may differ by case.
        stored: the way to it in the table.
        kind: its type in the rows.
        has: its type in the table.
    """

    seen: Path
    stored: Path
    kind: DataType
    has: DataType


def differing(kind: DataType, has: DataType, seen: Path, stored: Path) -> Iterator[Differing]:
    """The parts with different types; not the fields that only one side has."""
    if kind.simpleString() == has.simpleString():
        return
    if isinstance(kind, StructType) and isinstance(has, StructType):
        fields = {given.name.lower(): given for given in kind.fields}
        for kept in has.fields:
            given = fields.get(kept.name.lower())
            if given is not None:
                names = (*seen, given.name), (*stored, kept.name)
                yield from differing(given.dataType, kept.dataType, *names)
    elif type(kind) is type(has) and isinstance(kind, (ArrayType, MapType)):
        for name, own in _inner(kind).items():
            yield from differing(own, _inner(has)[name], (*seen, name), (*stored, name))
    else:
        yield Differing(seen, stored, kind, has)


def with_part(kind: DataType, place: Path, part: DataType) -> DataType:
    """A type with another one at a place within it."""
    if not place:
        return part
    first, rest = place[0], place[1:]
    if isinstance(kind, StructType):
        changed = StructType()
        for own in kind.fields:
            found = with_part(own.dataType, rest, part) if own.name == first else own.dataType
            changed.add(own.name, found, own.nullable)
        return changed
    inner = _inner(kind)
    return _made_of(kind, {**inner, first: with_part(inner[first], rest, part)})


def completed(kind: DataType, has: DataType) -> DataType:
    """A type whose structs have the fields of another's too, in its order and by its names."""
    if isinstance(kind, StructType) and isinstance(has, StructType):
        fields = {given.name.lower(): given for given in kind.fields}
        whole = StructType()
        for kept in has.fields:
            given = fields.pop(kept.name.lower(), None)
            own = kept.dataType if given is None else completed(given.dataType, kept.dataType)
            whole.add(kept.name, own)
        for given in fields.values():
            whole.add(given.name, given.dataType)
        return whole
    if type(kind) is type(has) and isinstance(kind, (ArrayType, MapType)):
        there = _inner(has)
        return _made_of(
            kind, {name: completed(own, there[name]) for name, own in _inner(kind).items()}
        )
    return kind


def nullable(kind: DataType) -> DataType:
    """A type all of whose parts may be null, whatever the values were it was made for."""
    if isinstance(kind, StructType):
        whole = StructType()
        for own in kind.fields:
            whole.add(own.name, nullable(own.dataType))
        return whole
    if isinstance(kind, (ArrayType, MapType)):
        return _made_of(kind, {name: nullable(own) for name, own in _inner(kind).items()})
    return kind


def _inner(kind: DataType) -> dict[str, DataType]:
    if isinstance(kind, ArrayType):
        return {"element": kind.elementType}
    assert isinstance(kind, MapType)
    return {"key": kind.keyType, "value": kind.valueType}


def _made_of(kind: DataType, inner: dict[str, DataType]) -> DataType:
    if isinstance(kind, ArrayType):
        return ArrayType(inner["element"])
    return MapType(inner["key"], inner["value"])
