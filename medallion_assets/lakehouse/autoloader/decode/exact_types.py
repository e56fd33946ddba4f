"""Types for fields that were read as texts: the narrowest in which every value stays what it was.

Spark's inference takes more: codes with leading zeros, telephone numbers and times of day become
numbers and moments, and whole numbers beside fractions doubles that lack their last digits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntFlag
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    MapType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.decode.text_values import (
    NOT_FINITE,
    NUMBER,
    WHOLE,
    TextValues,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_MAX_DIGITS = 38
_Path = tuple[str, ...]


class Fits(IntFlag):
    """The types that texts can have, in the order in which they are taken."""

    INTEGER = 1
    LONG = 2
    DOUBLE = 4
    DECIMAL = 8
    BOOLEAN = 16
    DATE = 32
    MOMENT = 64


_LEAF, _TEXT = "_leaf", "_text"
_TYPES: dict[Fits, DataType] = {
    Fits.INTEGER: IntegerType(),
    Fits.LONG: LongType(),
    Fits.DOUBLE: DoubleType(),
    Fits.BOOLEAN: BooleanType(),
    Fits.DATE: DateType(),
    Fits.MOMENT: TimestampType(),
}


def candidates(most: Fits, options: CloudFilesOptions) -> Fits:
    """The types to look for: no doubles where the reader's options prefer decimals."""
    prefers_decimal = options.reader_option("prefersDecimal", "false").lower() == "true"
    days = options.reader_option("preferDate", "true").lower() == "true"
    without = (Fits.DOUBLE if prefers_decimal else Fits(0)) | (Fits(0) if days else Fits.DATE)
    return most & ~without


@dataclass(frozen=True)
class ExactTypes:
    """Inference over texts.

    Args:
        texts: how texts become values; with `exact`.
        candidates: the types to look for.
        text_of: what of a text counts, None where that is all of it.
    """

    texts: TextValues
    candidates: Fits
    text_of: Callable[[Column], Column] | None = None

    def of(self, frame: DataFrame, shape: StructType) -> StructType:
        """The shape with a type for each of its texts.

        Args:
            frame: the rows, read with the shape.
            shape: the fields, all of whose single values are strings.
        """
        from pyspark.sql import functions as F

        leaves = dict(_leaves(shape))
        if not leaves:
            return shape
        paths = list(leaves)
        # A row a value: an expression of this size for each column would take Spark 7 s to plan.
        texts = self._texts(frame, list(leaves.values()))
        mask = self._mask(F.col(_TEXT))
        found = texts.groupBy(_LEAF).agg(F.bit_and(mask).alias("fits")).collect()
        fits = {paths[row[_LEAF]]: Fits(row["fits"]) for row in found}
        types = {path: self._type(fits[path]) if path in fits else StringType() for path in paths}
        sizes = [number for number, path in enumerate(paths) if types[path] is None]
        types |= {paths[number]: kind for number, kind in _decimals(texts, sizes).items()}
        return StructType(
            [StructField(f.name, _typed(f.dataType, (f.name,), types)) for f in shape.fields]
        )

    def _texts(self, frame: DataFrame, leaves: Sequence[_Leaf]) -> DataFrame:
        """The texts that are there, each with the number of its leaf."""
        from pyspark.sql import functions as F

        within = [leaf.text if leaf.repeated else F.array(leaf.text) for leaf in leaves]
        rows = frame.select(F.posexplode(F.array(*within)).alias(_LEAF, _TEXT))
        rows = rows.select(_LEAF, F.explode(_TEXT).alias(_TEXT))
        if self.text_of is not None:
            rows = rows.select(_LEAF, self.text_of(F.col(_TEXT)).alias(_TEXT))
        return rows.where(F.col(_TEXT).isNotNull())

    def _type(self, fits: Fits) -> DataType | None:
        """The type; None where it is a decimal of a size that is to be found."""
        for fit in Fits:
            if fits & fit & self.candidates:
                return _TYPES.get(fit)
        return StringType()

    def _mask(self, text: Column) -> Column:
        from pyspark.sql import functions as F

        # Asked only where it can be: Spark's cast tells of a failure by an exception, 30 us each.
        whole = F.when(text.rlike(WHOLE), self._fitting(text, Fits.INTEGER, Fits.LONG)).otherwise(0)
        numbers = whole.bitwiseOR(self._fitting(text, Fits.DOUBLE))
        decimal = F.lit(int(Fits.DECIMAL)) if Fits.DECIMAL in self.candidates else F.lit(0)
        local = "locale" in self.texts.formats
        is_number = text.rlike(r"^[0-9+-].*") if local else text.rlike(NUMBER)
        mask = F.when(is_number, numbers if local else numbers.bitwiseOR(decimal))
        if Fits.BOOLEAN in self.candidates:
            mask = mask.when(self.texts.value(text, BooleanType()).isNotNull(), F.lit(int(Fits.BOOLEAN)))  # fmt: skip  # noqa: E501
        mask = mask.when(F.lower(text).rlike(NOT_FINITE), self._fitting(text, Fits.DOUBLE))
        if self.candidates & (Fits.DATE | Fits.MOMENT):
            # Number-like texts can be days too, where the user's pattern says so.
            mask = mask.otherwise(self._fitting(text, Fits.DATE, Fits.MOMENT))
            if {"dateFormat", "timestampFormat"} & set(self.texts.formats):
                days = self._fitting(text, Fits.DATE, Fits.MOMENT)
                return F.when(~is_number, mask).otherwise(mask.bitwiseOR(days))
            return mask
        return mask.otherwise(F.lit(0))

    def _fitting(self, text: Column, *fits: Fits) -> Column:
        from pyspark.sql import functions as F

        mask = F.lit(0)
        for fit in fits:
            if fit in self.candidates:
                value = self.texts.value(text, _TYPES[fit])
                mask = mask.bitwiseOR(F.when(value.isNotNull(), int(fit)).otherwise(0))
        return mask


def _decimals(texts: DataFrame, leaves: Sequence[int]) -> dict[int, DataType]:
    """Of numbers that no double holds, the decimal that does; text where none does."""
    from pyspark.sql import functions as F

    if not leaves:
        return {}
    number = F.col(_TEXT)
    sizes = [F.max(_whole_digits(number)).alias("whole"), F.max(_scale(number)).alias("scale")]
    found = texts.where(F.col(_LEAF).isin(*leaves)).groupBy(_LEAF).agg(*sizes).collect()
    types: dict[int, DataType] = {}
    for row in found:
        scale = max(row["scale"], 0)
        digits = max(row["whole"] + scale, 1)
        types[row[_LEAF]] = DecimalType(digits, scale) if digits <= _MAX_DIGITS else StringType()
    return types


@dataclass(frozen=True)
class _Leaf:
    """A text somewhere in the rows.

    Attributes:
        text: itself, or all there are in a row as an array.
        repeated: whether it is within a list.
    """

    text: Column
    repeated: bool


def _leaves(shape: StructType) -> Iterator[tuple[_Path, _Leaf]]:
    from pyspark.sql import functions as F

    for field in shape.fields:
        column = F.col(quoted(field.name))
        yield from _within((field.name,), _Leaf(column, repeated=False), field.dataType)


def _within(path: _Path, leaf: _Leaf, kind: DataType) -> Iterator[tuple[_Path, _Leaf]]:
    from pyspark.sql import functions as F

    if isinstance(kind, StringType):
        yield path, leaf
    elif isinstance(kind, StructType):
        for field in kind.fields:
            # Of an array of structs this gives the array of the fields.
            inner = _Leaf(leaf.text.getField(field.name), leaf.repeated)
            yield from _within((*path, field.name), inner, field.dataType)
    elif isinstance(kind, (ArrayType, MapType)):
        is_map = isinstance(kind, MapType)
        element = kind.valueType if isinstance(kind, MapType) else kind.elementType
        if leaf.repeated:
            parts = F.transform(leaf.text, F.map_values) if is_map else leaf.text
            every = F.flatten(F.filter(parts, lambda part: part.isNotNull()))
        else:
            every = F.map_values(leaf.text) if is_map else leaf.text
        yield from _within((*path, "element"), _Leaf(every, repeated=True), element)


def _typed(kind: DataType, path: _Path, types: dict[_Path, DataType | None]) -> DataType:
    if isinstance(kind, StructType):
        return StructType(
            [StructField(f.name, _typed(f.dataType, (*path, f.name), types)) for f in kind.fields]
        )
    if isinstance(kind, ArrayType):
        return ArrayType(_typed(kind.elementType, (*path, "element"), types))
    if isinstance(kind, MapType):
        return MapType(kind.keyType, _typed(kind.valueType, (*path, "element"), types))
    return types.get(path) or kind


def _whole_digits(number: Column) -> Column:
    """How many digits stand before the point, the exponent applied."""
    from pyspark.sql import functions as F

    return F.length(F.regexp_extract(number, r"^-?0*([0-9]*)", 1)) + F.greatest(
        _exponent(number), F.lit(0)
    )


def _scale(number: Column) -> Column:
    from pyspark.sql import functions as F

    fraction = F.length(F.regexp_extract(number, r"\.([0-9]*?)0*(?:[eE]|\z)", 1))
    return fraction - _exponent(number)


def _exponent(number: Column) -> Column:
    from pyspark.sql import functions as F

    return F.coalesce(F.regexp_extract(number, "[eE](.*)", 1).try_cast("int"), F.lit(0))
