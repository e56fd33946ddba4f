from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DecimalType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
)

from medallion_assets.lakehouse.autoloader.hints import Hint, parse_hints, with_hints
from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

INT, LONG, TEXT, MONEY = IntegerType(), LongType(), StringType(), DecimalType(12, 2)


def schema(**fields: DataType) -> StructType:
    return StructType([StructField(name, kind) for name, kind in fields.items()])


def hint(path: str, kind: DataType) -> Hint:
    return Hint(tuple(path.split(".")), kind)


INFERRED = schema(
    id=LONG,
    s=schema(x=LONG, y=TEXT),
    l=ArrayType(schema(z=LONG)),
    m=schema(a=LONG, b=LONG),
    Amount=TEXT,
)


@pytest.mark.parametrize(
    ("given", "name", "expected"),
    [
        ([hint("id", INT)], "id", INT),
        ([hint("amount", MONEY)], "amount", MONEY),
        ([hint("late", MONEY)], "late", MONEY),
        ([hint("s.x", INT)], "s", schema(x=INT, y=TEXT)),
        ([hint("s.new", INT)], "s", schema(x=LONG, y=TEXT, new=INT)),
        ([hint("l.element.z", INT)], "l", ArrayType(schema(z=INT))),
        ([hint("tags.element", INT)], "tags", ArrayType(INT)),
        ([hint("m.value", INT)], "m", MapType(TEXT, INT)),
        ([hint("m.key", TEXT), hint("m.value", INT)], "m", MapType(TEXT, INT)),
        ([hint("deep.a.element.b", INT)], "deep", schema(a=ArrayType(schema(b=INT)))),
    ],
)
def test_a_hint_leads_to_its_field(given: list[Hint], name: str, expected: DataType) -> None:
    hinted = with_hints(INFERRED, given)
    assert hinted[name].dataType == expected
    untouched = {field.name: field for field in INFERRED if field.name.lower() != name}
    assert {field.name: field for field in hinted if field.name in untouched} == untouched
    assert with_hints(hinted, given) == hinted


def test_a_hint_through_a_type_without_parts_is_refused() -> None:
    with pytest.raises(OptionError, match=r"id\.x leads through bigint"):
        with_hints(INFERRED, [hint("id.x", INT)])


def test_hints_are_read_as_documented(spark: SparkSession) -> None:
    text = (
        "id int, amount decimal(12, 2), s.x: int, tags.element string, `odd.name` map<string,int>"
    )
    assert parse_hints(spark, text) == (
        hint("id", INT),
        hint("amount", MONEY),
        hint("s.x", INT),
        hint("tags.element", TEXT),
        Hint(("odd.name",), MapType(TEXT, INT)),
    )


@pytest.mark.parametrize("text", ["id", "id nonsense", "id int; drop", "id int) x", "a decimal(12"])
def test_a_hint_that_is_none_is_named(spark: SparkSession, text: str) -> None:
    with pytest.raises(OptionError, match="is not a name and a type"):
        parse_hints(spark, text)
