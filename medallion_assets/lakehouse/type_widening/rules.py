"""Which type a column widens to when values of another type arrive: a pure decision.

The table is that of the Auto Loader schema page for `addNewColumnsWithTypeWidening`; the decimals
are those of Delta's type widening: a whole number keeps room for all its digits.
"""

from __future__ import annotations

from pyspark.sql.types import (
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    ShortType,
    TimestampNTZType,
)

_DIGITS: dict[type[DataType], int] = {ByteType: 10, ShortType: 10, IntegerType: 10, LongType: 20}
_HELD: dict[type[DataType], int] = {ByteType: 3, ShortType: 5, IntegerType: 10, LongType: 19}
_WHOLE = (ByteType, ShortType, IntegerType, LongType)
_MAX_PRECISION = 38


def widened(stored: DataType, seen: DataType) -> DataType | None:
    """The wider type that holds values of both, None where the stored type has to stay.

    Args:
        stored: the column's type.
        seen: the type of the values that arrived.
    """
    kind = type(stored)
    if kind in _WHOLE and type(seen) in _WHOLE:
        return seen if _WHOLE.index(type(seen)) > _WHOLE.index(kind) else None
    if kind in (ByteType, ShortType, IntegerType, FloatType) and isinstance(seen, DoubleType):
        return seen
    if isinstance(seen, DecimalType) and kind in _DIGITS:
        return _decimal(max(_DIGITS[kind], seen.precision - seen.scale), seen.scale)
    if isinstance(stored, DecimalType) and isinstance(seen, DecimalType):
        whole = max(stored.precision - stored.scale, seen.precision - seen.scale)
        wider = _decimal(whole, max(stored.scale, seen.scale))
        return None if wider == stored else wider
    if isinstance(stored, DateType) and isinstance(seen, TimestampNTZType):
        return seen
    return None


def holding(stored: DataType, seen: DataType) -> DataType | None:
    """The type that Delta can widen a stored one to and that holds every value of both.

    More than `widened`, which follows a page about files: a number of either type may be the wider.

    Args:
        stored: the column's type.
        seen: the type of the values that arrived.

    Returns:
        It, or None where there is none or the stored type holds all by itself.
    """
    if isinstance(stored, DecimalType) and type(seen) in _HELD:
        seen = DecimalType(_HELD[type(seen)], 0)
    small = (ByteType, ShortType, IntegerType)
    if isinstance(stored, small) and isinstance(seen, FloatType):
        seen = DoubleType()
    if isinstance(stored, FloatType) and isinstance(seen, small):
        seen = DoubleType()
    return widened(stored, seen)


def common(one: DataType, other: DataType) -> DataType | None:
    """The type that columns of both types are first stored with, None where there is none."""
    if one == other:
        return one
    for stored, seen in ((one, other), (other, one)):
        wider = widened(stored, seen)
        if wider is not None:
            return wider
        if isinstance(seen, DoubleType) and isinstance(stored, (LongType, DecimalType)):
            return seen
    return None


def _decimal(whole: int, scale: int) -> DecimalType | None:
    fits = whole + scale <= _MAX_PRECISION
    return DecimalType(whole + scale, scale) if fits else None
