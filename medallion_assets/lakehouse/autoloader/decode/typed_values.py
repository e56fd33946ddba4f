"""What a value of one type says as one of another, where neither is a text.

Stricter than a cast: that takes `true` for 1, a number for the seconds of a moment, and the highest
whole number for a float that is one more. Numbers, moments and truth stand for their own kind only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    NumericType,
    ShortType,
    TimestampNTZType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues, has_utc_clock

if TYPE_CHECKING:
    from pyspark.sql import Column

DIGITS: dict[type[DataType], int] = {ByteType: 3, ShortType: 5, IntegerType: 10, LongType: 19}
"""How many a whole number can have."""

_WHOLE = tuple(DIGITS)
_FLOATING = (FloatType, DoubleType)
_NO_ROOM = 39
_EXACT_IN_DOUBLE = 2**53
"""Up to here every whole number is a double of its own, and its text is that number."""
_TIMES = (DateType, TimestampType, TimestampNTZType)


def value_as(
    column: Column, source: DataType, target: DataType
) -> tuple[Column, Column | None] | None:
    """The value as the other type, and where it says nothing there.

    Args:
        column: the value, not a text.
        source: its type.
        target: the type it gets, not that of texts.

    Returns:
        The value, and where it is lost; None for that where it never is. None alone where values of
        the one type say nothing of the other.
    """
    if isinstance(source, NumericType) and isinstance(target, NumericType):
        return _number(column, source, target)
    if isinstance(source, _TIMES) and isinstance(target, _TIMES):
        return _time(column, source, target)
    return None


def moment_as_text(column: Column) -> Column:
    """A moment as a text that says which it is: with the offset, unless the clock is UTC's."""
    from pyspark.sql import functions as F

    text = column.cast("string")
    return F.when(has_utc_clock(), text).otherwise(F.concat(text, F.date_format(column, "xxx")))


def _time(column: Column, source: DataType, target: DataType) -> tuple[Column, Column | None]:
    value = column.cast(target)
    if isinstance(source, DateType):
        return value, None
    # A clock on the wall shows some moments twice, and some times never.
    return _where(value.cast(source) == column, column, value)


def _number(
    column: Column, source: NumericType, target: NumericType
) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    value = column.try_cast(target)
    if _holds_all(source, target):
        return value, None
    if isinstance(source, _FLOATING) and isinstance(target, DecimalType):
        # By its text: 0.1 is one, though the nearest float is another number.
        value = TextValues().value(column.cast("string"), target)
        return _where(value.isNotNull() & _is_exact(column), column, value)
    if isinstance(source, DecimalType) and isinstance(target, _FLOATING):
        same = value.cast("string").try_cast(source) == column
        return _where(same & _is_exact(column), column, value)
    same = value.try_cast(source) == column
    if isinstance(source, LongType) and isinstance(target, _FLOATING):
        # 2^63 casts back to it, which is one less.
        same = same & (column != F.lit(2**63 - 1))
    if isinstance(source, _FLOATING) and isinstance(target, LongType):
        same = same & (column < F.lit(float(2**63)))
    return _where(same, column, value)


def _is_exact(column: Column) -> Column:
    from pyspark.sql import functions as F

    return F.abs(column) <= F.lit(_EXACT_IN_DOUBLE)


def _holds_all(source: NumericType, target: NumericType) -> bool:
    """Whether every value of a type is one of the other."""
    if isinstance(target, DecimalType):
        room = target.precision - target.scale
        if isinstance(source, DecimalType):
            return room >= source.precision - source.scale and target.scale >= source.scale
        return room >= DIGITS.get(type(source), _NO_ROOM)
    if isinstance(source, _WHOLE) and isinstance(target, _WHOLE):
        return DIGITS[type(source)] <= DIGITS[type(target)]
    if isinstance(target, DoubleType):
        return isinstance(source, (ByteType, ShortType, IntegerType, FloatType))
    return isinstance(target, FloatType) and isinstance(source, (ByteType, ShortType))


def _where(same: Column, column: Column, value: Column) -> tuple[Column, Column]:
    """A value where it says the same as the column; null is null."""
    from pyspark.sql import functions as F

    lost = column.isNotNull() & ~F.coalesce(same, F.lit(False))
    return F.when(~lost, value), lost
