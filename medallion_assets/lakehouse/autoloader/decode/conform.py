"""A value of one type as another, part by part, and whether something of it has no place there."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

from pyspark.sql.types import ArrayType, DataType, MapType, StringType, StructField, StructType

if TYPE_CHECKING:
    from pyspark.sql import Column


def conform(column: Column, source: DataType, target: DataType) -> tuple[Column, Column | None]:
    """The value as the target type.

    Fields of structs go by their exact names. A part that can't be converted without loss is null
    in the result.

    Args:
        column: the value.
        source: its type.
        target: the type it gets.

    Returns:
        The converted value, and where it has lost something; None where it never does.
    """
    from pyspark.sql import functions as F

    if source.simpleString() == target.simpleString():
        return column, None
    if is_nested(source) or is_nested(target):
        return _nested(column, source, target)
    if isinstance(target, StringType):
        return column.cast("string"), None
    value = column.try_cast(target)
    back = value.try_cast(source)
    return F.when(back.eqNullSafe(column), value), ~back.eqNullSafe(column)


def _nested(column: Column, source: DataType, target: DataType) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    if isinstance(source, StructType) and isinstance(target, StructType):
        return _struct(column, source, target)
    if isinstance(source, ArrayType) and isinstance(target, ArrayType):
        return _array(column, source, target)
    if isinstance(source, MapType) and isinstance(target, MapType):
        return _map(column, source, target)
    return F.lit(None).cast(target), column.isNotNull()


def is_nested(kind: DataType) -> bool:
    """Whether the type has parts of its own."""
    return isinstance(kind, (StructType, ArrayType, MapType))


def as_variant(column: Column, kind: DataType) -> Column:
    """The value as a variant, which can stand beside values of any other type."""
    from pyspark.sql import functions as F

    return F.to_variant_object(column) if is_nested(kind) else column.cast("variant")


def _struct(column: Column, source: StructType, target: StructType) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    own = {field.name: field for field in source.fields}
    parts: list[Column] = []
    losses = [column.getField(name).isNotNull() for name in own if name not in set(target.names)]
    for field in target.fields:
        part, lost = _field(column, own.get(field.name), field)
        parts.append(part.alias(field.name))
        if lost is not None:
            losses.append(lost)
    whole = F.when(column.isNotNull(), F.struct(*parts))
    return whole, reduce(or_, losses) if losses else None


def _field(
    column: Column, source: StructField | None, target: StructField
) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    if source is None:
        return F.lit(None).cast(target.dataType), None
    return conform(column.getField(source.name), source.dataType, target.dataType)


def _array(column: Column, source: ArrayType, target: ArrayType) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    kinds = (source.elementType, target.elementType)
    whole = F.transform(column, lambda element: conform(element, *kinds)[0])
    return whole, _any_lost(column, *kinds)


def _map(column: Column, source: MapType, target: MapType) -> tuple[Column, Column | None]:
    from pyspark.sql import functions as F

    if source.keyType != target.keyType:
        return F.lit(None).cast(target), column.isNotNull()
    kinds = (source.valueType, target.valueType)
    whole = F.transform_values(column, lambda _, value: conform(value, *kinds)[0])
    return whole, _any_lost(F.map_values(column), *kinds)


def _any_lost(elements: Column, source: DataType, target: DataType) -> Column | None:
    from pyspark.sql import functions as F

    def lost(element: Column) -> Column:
        inner = conform(element, source, target)[1]
        return F.lit(False) if inner is None else F.coalesce(inner, F.lit(False))

    if conform(F.lit(None), source, target)[1] is None:
        return None
    return F.coalesce(F.exists(elements, lost), F.lit(False))
