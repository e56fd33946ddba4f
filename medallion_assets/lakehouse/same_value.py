"""A value as one of another type that says the same, or none.

Stricter than a cast and back: that takes `true` for 1, a number for the seconds of a time, and the
highest whole number for a float that is one more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    BinaryType,
    ByteType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    FloatType,
    IntegerType,
    LongType,
    MapType,
    NullType,
    NumericType,
    ShortType,
    StringType,
    TimestampNTZType,
    TimestampType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, is_lost
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession

DIGITS: dict[type[DataType], int] = {ByteType: 3, ShortType: 5, IntegerType: 10, LongType: 19}
"""How many a whole number can have."""

_WHOLE = tuple(DIGITS)
_NO_ROOM = 39
_EXACT_IN_DOUBLE = 2**53
"""Up to here every whole number is a double of its own, and its text is that number."""

_MOMENTS = (TimestampType,)
_CALENDAR = (DateType, TimestampNTZType)


def is_utc(spark: SparkSession) -> bool:
    """Whether the session's clock is that of UTC, where a time needs no zone to be a moment."""
    zone = str(spark.conf.get("spark.sql.session.timeZone"))
    return zone.upper() in ("UTC", "ETC/UTC", "GMT", "ETC/GMT", "Z", "+00:00", "UTC+00:00")


@dataclass(frozen=True)
class SameValue(Conversion):
    """How a value becomes that of a column that is there already.

    Args:
        exact: whether names that differ by case only are different names.
        texts: how texts become values: what may be two keys, as 7 and 07, never becomes one.
        ordered: whether the order of the values decides something: texts are in another one.
        utc: whether the session's clock is that of UTC.
    """

    exact: bool = False
    texts: TextValues = field(default_factory=lambda: TextValues(exact=True))
    ordered: bool = False
    utc: bool = True

    def single(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """A value without parts."""
        if VariantType in (type(source), type(target)):
            return self.unlike(column, source, target)
        if isinstance(source, StringType) or isinstance(target, StringType):
            as_text = isinstance(target, StringType)
            return (self._as_text if as_text else self._of_text)(column, source, target)
        if isinstance(source, NumericType) and isinstance(target, NumericType):
            return _number(column, source, target)
        times = (*_MOMENTS, *_CALENDAR)
        if isinstance(source, times) and isinstance(target, times):
            return self._time(column, source, target)
        return self.unlike(column, source, target)

    def unlike(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """A value that is nothing like the target."""
        if isinstance(source, NullType):
            return column.cast(target), None
        return super().unlike(column, source, target)

    def _as_text(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        from pyspark.sql import functions as F

        if isinstance(source, StringType):
            return column.cast(target), None
        if isinstance(source, BinaryType):
            text = column.cast("string")
            return F.when(F.is_valid_utf8(text), text), ~F.is_valid_utf8(text)
        if self.ordered or (isinstance(source, _MOMENTS) and not self.utc):
            return self.unlike(column, source, target)
        return column.cast(target), None

    def _of_text(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        if isinstance(target, BinaryType):
            return column.cast(target), None
        if isinstance(target, _MOMENTS) and not self.utc:
            return self.unlike(column, source, target)
        value = self.texts.value(column, target)
        return value, is_lost(column, value)

    def _time(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        if isinstance(source, DateType):
            return column.cast(target), None
        if isinstance(target, DateType):
            value = column.cast(target)
            return _where(value.cast(source) == column, column, value)
        # The clock on the wall shows a moment twice, or another one elsewhere.
        return (column.cast(target), None) if self.utc else self.unlike(column, source, target)

    def _map(
        self, column: Column, source: MapType, target: MapType
    ) -> tuple[Column, Column | None]:
        from pyspark.sql import functions as F

        kinds = (source.keyType, target.keyType)
        if source.keyType.simpleString() == target.keyType.simpleString():
            return super()._map(column, source, target)
        lost = self._any_lost(F.map_keys(column), *kinds)
        fitting = column if lost is None else F.when(~lost, column)
        keyed = F.transform_keys(fitting, lambda key, _: self.convert(key, *kinds)[0])
        middle = MapType(target.keyType, source.valueType, source.valueContainsNull)
        value, also = super()._map(keyed, middle, target)
        losses = [each for each in (lost, also) if each is not None]
        return value, reduce(or_, losses) if losses else None


def _number(
    column: Column, source: NumericType, target: NumericType
) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    value = column.try_cast(target)
    if _holds_all(source, target):
        return value, None
    same = value.try_cast(source) == column
    if isinstance(source, LongType) and isinstance(target, (FloatType, DoubleType)):
        # 2^63 casts back to it, which is one less.
        same = same & (column != F.lit(2**63 - 1))
    if isinstance(source, (FloatType, DoubleType)) and isinstance(target, LongType):
        same = same & (column < F.lit(float(2**63)))
    kinds = {type(source), type(target)}
    if DecimalType in kinds and kinds & {FloatType, DoubleType}:
        # By their texts; beyond, that of a double is not the number it is.
        same = same & (F.abs(column) <= F.lit(_EXACT_IN_DOUBLE))
    return _where(same, column, value)


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
