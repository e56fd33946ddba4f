"""A value of one type as another, part by part, and whether something of it has no place there."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql.types import (
    ArrayType,
    BinaryType,
    DataType,
    MapType,
    StringType,
    StructType,
    TimestampType,
    VariantType,
)

from medallion_assets.lakehouse.autoloader.decode.rescued import as_json
from medallion_assets.lakehouse.autoloader.decode.text_values import TextValues
from medallion_assets.lakehouse.autoloader.decode.typed_values import moment_as_text, value_as

if TYPE_CHECKING:
    from pyspark.sql import Column


@dataclass(frozen=True)
class Conversion:
    """How the values of files become those of the stored schema.

    Args:
        exact: whether names that differ by case only are different names.
        texts: how texts become values of other types.
        is_whole: whether a text is all that stood in the file, where that can be otherwise.
    """

    exact: bool = True
    texts: TextValues = dataclasses.field(default_factory=TextValues)
    is_whole: Callable[[Column], Column] | None = None

    def convert(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """The value as the target type.

        Fields of structs go by name. A part that can't be converted without loss is null in the
        result.

        Args:
            column: the value.
            source: its type.
            target: the type it gets.

        Returns:
            The converted value, and where it has lost something; None where it never does.
        """
        checked = self.is_whole is not None and _has_texts(source)
        if source.simpleString() == target.simpleString() and not checked:
            return column, None
        if isinstance(source, StructType) and isinstance(target, StructType):
            return self._struct(column, source, target)
        if isinstance(source, ArrayType) and isinstance(target, ArrayType):
            return self._array(column, source, target)
        if isinstance(source, MapType) and isinstance(target, MapType):
            return self._map(column, source, target)
        if is_nested(source) or is_nested(target):
            return self.unlike(column, source, target)
        return self.single(column, source, target)

    def single(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """A value without parts."""
        if isinstance(source, StringType) and not isinstance(target, StringType):
            said = self.said(column)
            value = self.texts.value(said, target)
            return value, is_lost(said, value)
        if isinstance(target, StringType):
            return self.as_text(column, source)
        if isinstance(target, VariantType):
            return column.cast(target), None
        return value_as(column, source, target) or self.unlike(column, source, target)

    def said(self, text: Column) -> Column:
        """What of a text counts where it becomes a value of another type; null where nothing."""
        return text

    def unlike(
        self, column: Column, source: DataType, target: DataType
    ) -> tuple[Column, Column | None]:
        """A value whose parts are not those of the target."""
        from pyspark.sql import functions as F

        return F.lit(None).cast(target), column.isNotNull()

    def rescued(self, column: Column, kind: DataType, tokens: DataType | None = None) -> Column:
        """The value as JSON, see `as_json`."""
        return as_json(column, kind, tokens)

    def as_text(self, column: Column, source: DataType) -> tuple[Column, Column | None]:
        """A value in a column of texts."""
        from pyspark.sql import functions as F

        if isinstance(source, TimestampType):
            return moment_as_text(column), None
        text = column.cast("string")
        check = F.is_valid_utf8 if isinstance(source, BinaryType) else self.is_whole
        if check is None or not isinstance(source, (BinaryType, StringType)):
            return text, None
        return F.when(check(text), text), ~check(text)

    def first_of(
        self, values: Iterable[tuple[Column, DataType]], target: DataType
    ) -> tuple[Column, list[Column | None]]:
        """The first of several values that is there, as the target type.

        Args:
            values: a field's values under each of its spellings, and their types.
            target: the type it gets.

        Returns:
            The value, and for each of the given ones where something of it is lost: what the
            conversion loses, and all of it where an earlier one is there.
        """
        from pyspark.sql import functions as F

        converted: list[Column] = []
        losses: list[Column | None] = []
        earlier: Column | None = None
        for column, kind in values:
            value, lost = self.convert(column, kind, target)
            there = column.isNotNull()
            if earlier is not None:
                lost = there & earlier if lost is None else lost | (there & earlier)
            earlier = there if earlier is None else earlier | there
            converted.append(value)
            losses.append(lost)
        if not converted:
            return F.lit(None).cast(target), []
        return converted[0] if len(converted) == 1 else F.coalesce(*converted), losses

    def _struct(
        self, column: Column, source: StructType, target: StructType
    ) -> tuple[Column, Column | None]:
        from pyspark.sql import functions as F

        kinds = {field.name: field.dataType for field in source.fields}
        parts: list[Column] = []
        losses: list[Column] = []
        for field in target.fields:
            values = [
                (column.getField(name), kinds.pop(name))
                for name in spellings(field.name, kinds, exact=self.exact)
            ]
            part, lost = self.first_of(values, field.dataType)
            parts.append(part.alias(field.name))
            losses += [where for where in lost if where is not None]
        losses += [column.getField(name).isNotNull() for name in kinds]
        whole = F.when(column.isNotNull(), F.struct(*parts))
        return whole, reduce(or_, losses) if losses else None

    def _array(
        self, column: Column, source: ArrayType, target: ArrayType
    ) -> tuple[Column, Column | None]:
        from pyspark.sql import functions as F

        kinds = (source.elementType, target.elementType)
        whole = F.transform(column, lambda element: self.convert(element, *kinds)[0])
        return whole, self._any_lost(column, *kinds)

    def _map(
        self, column: Column, source: MapType, target: MapType
    ) -> tuple[Column, Column | None]:
        from pyspark.sql import functions as F

        if source.keyType != target.keyType:
            return F.lit(None).cast(target), column.isNotNull()
        kinds = (source.valueType, target.valueType)
        whole = F.transform_values(column, lambda _, value: self.convert(value, *kinds)[0])
        return whole, self._any_lost(F.map_values(column), *kinds)

    def _any_lost(self, elements: Column, source: DataType, target: DataType) -> Column | None:
        from pyspark.sql import functions as F

        def lost(element: Column) -> Column:
            inner = self.convert(element, source, target)[1]
            return F.lit(False) if inner is None else F.coalesce(inner, F.lit(False))

        if self.convert(F.lit(None), source, target)[1] is None:
            return None
        return F.coalesce(F.exists(elements, lost), F.lit(False))


def is_lost(text: Column, value: Column) -> Column:
    """Whether a text has become no value."""
    return text.isNotNull() & value.isNull()


def _has_texts(kind: DataType) -> bool:
    if isinstance(kind, StructType):
        return any(_has_texts(field.dataType) for field in kind.fields)
    if isinstance(kind, ArrayType):
        return _has_texts(kind.elementType)
    if isinstance(kind, MapType):
        return _has_texts(kind.valueType)
    return isinstance(kind, StringType)


def spellings(name: str, names: Iterable[str], *, exact: bool) -> list[str]:
    """Those of the names that stand for a name: itself, then those that differ by case only."""
    candidates = list(names)
    own = [name] if name in candidates else []
    if exact:
        return own
    return own + [other for other in candidates if other != name and other.lower() == name.lower()]


def is_nested(kind: DataType) -> bool:
    """Whether the type has parts of its own."""
    return isinstance(kind, (StructType, ArrayType, MapType))
