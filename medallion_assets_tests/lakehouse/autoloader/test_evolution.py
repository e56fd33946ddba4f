from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    StringType,
    StructField,
    StructType,
)

from medallion_assets.lakehouse.autoloader.evolution import (
    decide,
    union,
    widest,
    with_string_leaves,
)
from medallion_assets.lakehouse.autoloader.options import SchemaEvolutionMode

INT, LONG, TEXT, DOUBLE = IntegerType(), LongType(), StringType(), DoubleType()
ADD = SchemaEvolutionMode.ADD_NEW_COLUMNS
RESCUE = SchemaEvolutionMode.RESCUE
NONE = SchemaEvolutionMode.NONE
FAIL = SchemaEvolutionMode.FAIL_ON_NEW_COLUMNS


def schema(**fields: DataType) -> StructType:
    return StructType([StructField(name, kind, True) for name, kind in fields.items()])


STORED = schema(id=LONG, s=schema(x=LONG), l=ArrayType(schema(y=LONG)))
NESTED = schema(
    id=LONG, s=schema(x=LONG, new=TEXT), l=ArrayType(schema(y=LONG, new=TEXT)), other=TEXT
)


@pytest.mark.parametrize(
    ("stored", "seen", "mode", "expected", "added", "unknown", "refused"),
    [
        (None, schema(id=LONG, a=TEXT), ADD, schema(id=LONG, a=TEXT), ("id", "a"), (), ()),
        # All nulls so far: a column has to have a type.
        (None, schema(a=NullType()), ADD, schema(a=TEXT), ("a",), (), ()),
        # No table holds two names that differ by case only: the first one seen stays.
        (None, schema(a=LONG, A=TEXT), ADD, schema(a=LONG), ("a",), ("A",), ()),
        (STORED, schema(id=LONG), ADD, STORED, (), (), ()),
        (STORED, schema(), ADD, STORED, (), (), ()),
        # A stored type never changes.
        (schema(id=LONG), schema(id=TEXT), ADD, schema(id=LONG), (), (), ()),
        (schema(id=LONG), schema(id=schema(x=LONG)), ADD, schema(id=LONG), (), (), ()),
        (schema(id=LONG), schema(b=TEXT), ADD, schema(id=LONG, b=TEXT), ("b",), (), ()),
        (schema(id=LONG), schema(ID=TEXT), ADD, schema(id=LONG), (), ("ID",), ()),
        (
            STORED, NESTED, ADD,
            schema(
                id=LONG, s=schema(x=LONG, new=TEXT), l=ArrayType(schema(y=LONG, new=TEXT)),
                other=TEXT,
            ),
            ("s.new", "l.element.new", "other"), (), (),
        ),
        (schema(id=LONG), schema(id=LONG, b=TEXT), RESCUE, schema(id=LONG), (), ("b",), ()),
        (schema(id=LONG), schema(ID=LONG, b=TEXT), NONE, schema(id=LONG), (), ("ID", "b"), ()),
        (schema(id=LONG), schema(id=LONG, b=TEXT), FAIL, schema(id=LONG), (), (), ("b",)),
        (STORED, NESTED, FAIL, STORED, (), (), ("s.new", "l.element.new", "other")),
        (schema(id=LONG), schema(ID=LONG), FAIL, schema(id=LONG), (), ("ID",), ()),
    ],
)  # fmt: skip
def test_the_decision(
    stored: StructType | None, seen: StructType, mode: SchemaEvolutionMode, expected: StructType,
    added: tuple[str, ...], unknown: tuple[str, ...], refused: tuple[str, ...],
) -> None:  # fmt: skip
    decision = decide(stored, seen, mode)
    assert decision.schema == expected
    assert decision.added == added
    assert decision.unknown == unknown
    assert decision.refused == refused


def test_the_values_of_a_map_evolve_too() -> None:
    stored = schema(m=MapType(TEXT, schema(x=LONG)))
    decision = decide(stored, schema(m=MapType(TEXT, schema(x=LONG, y=TEXT))), ADD)
    assert decision.schema == schema(m=MapType(TEXT, schema(x=LONG, y=TEXT)))
    assert decision.added == ("m.value.y",)


def test_a_union_has_every_field_with_the_first_type_seen() -> None:
    assert union([]) == schema()
    assert union([schema(a=LONG), schema(b=TEXT, a=TEXT), schema(c=DOUBLE)]) == schema(
        a=LONG, b=TEXT, c=DOUBLE
    )


def test_a_union_keeps_case_variants_apart() -> None:
    assert union([schema(a=LONG), schema(A=TEXT)]).names == ["a", "A"]


def test_string_leaves_keep_the_structure() -> None:
    inferred = schema(id=LONG, s=schema(x=DOUBLE), l=ArrayType(LONG), m=MapType(TEXT, LONG))
    assert with_string_leaves(inferred) == schema(
        id=TEXT, s=schema(x=TEXT), l=ArrayType(TEXT), m=MapType(TEXT, TEXT)
    )


_names = st.sampled_from(["a", "A", "b", "B", "c", "d"])


def _structs(kinds: st.SearchStrategy[DataType]) -> st.SearchStrategy[StructType]:
    return st.dictionaries(_names, kinds, max_size=4).map(lambda fields: schema(**fields))


_kinds: st.SearchStrategy[DataType] = st.recursive(
    st.sampled_from([LONG, TEXT, DOUBLE]),
    lambda inner: (
        inner.map(ArrayType) | inner.map(lambda kind: MapType(TEXT, kind)) | _structs(inner)
    ),
    max_leaves=6,
)
_unique = _structs(_kinds).filter(
    lambda found: len({name.lower() for name in found.names}) == len(found.names)
)


def _leaves(kind: DataType, path: str = "") -> dict[str, DataType]:
    if isinstance(kind, StructType):
        found: dict[str, DataType] = {path: StructType([])}
        for field in kind.fields:
            found |= _leaves(field.dataType, f"{path}.{field.name}")
        return found
    if isinstance(kind, ArrayType):
        return {path: ArrayType(LONG), **_leaves(kind.elementType, f"{path}[]")}
    if isinstance(kind, MapType):
        return {path: MapType(TEXT, LONG), **_leaves(kind.valueType, f"{path}{{}}")}
    return {path: kind}


@given(_unique, _structs(_kinds), st.sampled_from(SchemaEvolutionMode))
def test_stored_fields_never_vanish_and_never_change_type(
    stored: StructType, seen: StructType, mode: SchemaEvolutionMode
) -> None:
    decision = decide(stored, seen, mode)
    before, after = _leaves(stored), _leaves(decision.schema)
    assert {path: after.get(path) for path in before} == before
    if not mode.adds:
        assert decision.schema == stored


@given(_unique, _structs(_kinds))
def test_deciding_again_adds_nothing(stored: StructType, seen: StructType) -> None:
    once = decide(stored, seen, ADD)
    again = decide(once.schema, seen, ADD)
    assert (again.schema, again.added) == (once.schema, ())


@given(st.none() | _unique, _structs(_kinds), st.sampled_from([ADD, RESCUE, NONE]))
def test_every_seen_field_has_a_column_or_is_rescued(
    stored: StructType | None, seen: StructType, mode: SchemaEvolutionMode
) -> None:
    decision = decide(stored, seen, mode)
    for name in seen.names:
        assert (name in decision.schema.names) != (name in decision.unknown)


@given(st.none() | _unique, _structs(_kinds), st.sampled_from(SchemaEvolutionMode))
def test_no_schema_has_two_columns_that_differ_by_case_only(
    stored: StructType | None, seen: StructType, mode: SchemaEvolutionMode
) -> None:
    names = [name.lower() for name in decide(stored, seen, mode).schema.names]
    assert len(set(names)) == len(names)


WIDEN = SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING


@pytest.mark.parametrize(
    ("stored", "seen", "expected", "widened"),
    [
        (schema(a=INT), schema(a=LONG, b=TEXT), schema(a=LONG, b=TEXT), ("a bigint",)),
        (schema(a=LONG), schema(a=DOUBLE), schema(a=LONG), ()),
        (schema(a=LONG), schema(a=INT), schema(a=LONG), ()),
        (
            schema(s=schema(x=INT), l=ArrayType(INT), m=MapType(TEXT, INT)),
            schema(s=schema(x=LONG), l=ArrayType(LONG), m=MapType(TEXT, LONG)),
            schema(s=schema(x=LONG), l=ArrayType(LONG), m=MapType(TEXT, LONG)),
            ("s.x bigint", "l.element bigint", "m.value bigint"),
        ),
    ],
)
def test_types_widen_at_every_level_in_that_mode_only(
    stored: StructType, seen: StructType, expected: StructType, widened: tuple[str, ...]
) -> None:
    decision = decide(stored, seen, WIDEN)
    assert (decision.schema, decision.widened) == (expected, widened)
    assert decide(stored, seen, ADD).widened == ()
    assert decide(expected, seen, WIDEN).widened == ()


def test_a_first_schema_has_the_widest_of_the_types_seen() -> None:
    both = [schema(a=INT, b=DOUBLE, c=TEXT), schema(a=LONG, b=LONG, c=INT)]
    for order in (both, both[::-1]):
        seen = widest(order)
        assert (seen["a"].dataType, seen["b"].dataType) == (LONG, DOUBLE)
