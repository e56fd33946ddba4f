"""A value of rows as that of a column that is there already."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    BinaryType,
    DataType,
    MapType,
    NullType,
    StringType,
    TimestampNTZType,
    TimestampType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, is_lost
from medallion_assets.lakehouse.autoloader.decode.text_values import UTC_NAMES, TextValues

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession


def is_utc(spark: SparkSession) -> bool:
    """Whether the session's clock is that of UTC, where a time needs no zone to be a moment."""
    zone = str(spark.conf.get("spark.sql.session.timeZone"))
    return zone.upper() in UTC_NAMES


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
        kinds = {type(source), type(target)}
        if kinds == {TimestampType, TimestampNTZType} and self.utc:
            return column.cast(target), None
        if kinds == {TimestampType, TimestampNTZType}:
            # The clock on the wall shows a moment twice, or another one elsewhere.
            return self.unlike(column, source, target)
        return super().single(column, source, target)

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
        if self.ordered or (isinstance(source, TimestampType) and not self.utc):
            return self.unlike(column, source, target)
        return column.cast(target), None

    def _of_text(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        if isinstance(target, BinaryType):
            return column.cast(target), None
        if isinstance(target, TimestampType) and not self.utc:
            return self.unlike(column, source, target)
        value = self.texts.value(column, target)
        return value, is_lost(column, value)

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
