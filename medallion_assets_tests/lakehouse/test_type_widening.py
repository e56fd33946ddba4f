from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyspark.sql.types import (
    BooleanType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    StringType,
    TimestampNTZType,
    TimestampType,
)

from medallion_assets.lakehouse.type_widening.rules import common, widened

BYTE, SHORT, INT, LONG = ByteType(), ShortType(), IntegerType(), LongType()
FLOAT, DOUBLE, DATE, NTZ = FloatType(), DoubleType(), DateType(), TimestampNTZType()


@pytest.mark.parametrize(
    ("stored", "seen", "expected"),
    [
        (BYTE, SHORT, SHORT), (BYTE, INT, INT), (BYTE, LONG, LONG), (BYTE, DOUBLE, DOUBLE),
        (BYTE, DecimalType(5, 2), DecimalType(12, 2)), (SHORT, INT, INT), (SHORT, LONG, LONG),
        (SHORT, DOUBLE, DOUBLE), (INT, LONG, LONG), (INT, DOUBLE, DOUBLE),
        (INT, DecimalType(5, 2), DecimalType(12, 2)), (LONG, DecimalType(5, 2), DecimalType(22, 2)),
        (FLOAT, DOUBLE, DOUBLE), (DecimalType(5, 2), DecimalType(7, 3), DecimalType(7, 3)),
        (DecimalType(7, 1), DecimalType(5, 3), DecimalType(9, 3)), (DATE, NTZ, NTZ),
        # Not wider, or not without loss.
        (INT, INT, None), (INT, SHORT, None), (LONG, INT, None), (LONG, DOUBLE, None),
        (DOUBLE, FLOAT, None), (INT, FLOAT, None), (INT, StringType(), None), (NTZ, DATE, None),
        (DATE, TimestampType(), None), (BooleanType(), INT, None), (StringType(), INT, None),
        (DecimalType(7, 3), DecimalType(5, 2), None), (DecimalType(38, 0), DecimalType(5, 2), None),
        (LONG, DecimalType(38, 20), None),
    ],
)  # fmt: skip
def test_types_widen_by_the_documented_table(
    stored: DataType, seen: DataType, expected: DataType | None
) -> None:
    assert widened(stored, seen) == expected


DECIMALS = st.integers(1, 38).flatmap(
    lambda precision: st.integers(0, precision).map(lambda scale: DecimalType(precision, scale))
)
WHOLE = st.sampled_from([(BYTE, 7), (SHORT, 15), (INT, 31), (LONG, 63)])


@given(DECIMALS, DECIMALS)
def test_a_wider_decimal_holds_the_largest_values_of_both(
    one: DecimalType, other: DecimalType
) -> None:
    wider = widened(one, other)
    if wider is None:
        return
    assert isinstance(wider, DecimalType)
    for kind in (one, other):
        largest = Decimal(10**kind.precision - 1).scaleb(-kind.scale)
        assert largest <= Decimal(10**wider.precision - 1).scaleb(-wider.scale)
        assert kind.scale <= wider.scale


@given(WHOLE, DECIMALS)
def test_a_whole_number_keeps_its_digits_as_a_decimal(
    whole: tuple[DataType, int], seen: DecimalType
) -> None:
    kind, bits = whole
    wider = widened(kind, seen)
    if wider is not None:
        assert isinstance(wider, DecimalType)
        assert 2**bits < 10 ** (wider.precision - wider.scale)
        assert wider.scale >= seen.scale


TYPES = st.one_of(
    st.sampled_from([BYTE, SHORT, INT, LONG, FLOAT, DOUBLE, DATE, NTZ, StringType()]), DECIMALS
)


@given(TYPES, TYPES)
def test_the_common_type_does_not_depend_on_who_came_first(one: DataType, other: DataType) -> None:
    assert common(one, other) == common(other, one)


@given(TYPES, TYPES)
def test_what_was_widened_widens_no_further_for_the_same_values(
    stored: DataType, seen: DataType
) -> None:
    wider = widened(stored, seen)
    if wider is not None:
        assert widened(wider, seen) is None
        assert widened(wider, stored) is None
