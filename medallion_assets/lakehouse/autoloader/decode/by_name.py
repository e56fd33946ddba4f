"""Rows whose fields are known, brought to the stored schema by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.decode.conform import Conversion, spellings
from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED, rescued
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType, StructField, StructType


@dataclass(frozen=True)
class ReadField:
    """A field as it was read from the files: its name there, its value, its type."""

    name: str
    column: Column
    kind: DataType


@dataclass(frozen=True)
class Placed:
    """A column of the result.

    Attributes:
        value: the column.
        losses: the fields it comes from, and where something of one has no place in it; None where
            that never happens.
    """

    value: Column
    losses: tuple[tuple[ReadField, Column | None], ...]


def read_fields(fields: StructType) -> list[ReadField]:
    """The fields of a frame that was read with them."""
    from pyspark.sql import functions as F

    return [ReadField(field.name, F.col(quoted(field.name)), field.dataType) for field in fields]


def placed(field: StructField, fields: Sequence[ReadField], conversion: Conversion) -> Placed:
    """A column of the stored schema out of the fields of its name.

    Args:
        field: of the stored schema.
        fields: every field that was read.
        conversion: to the stored type.
    """
    by_name = {read.name: read for read in fields}
    sources = [by_name[name] for name in spellings(field.name, by_name, exact=conversion.exact)]
    values = [(read.column, read.kind) for read in sources]
    value, lost = conversion.first_of(values, field.dataType)
    return Placed(value.alias(field.name), tuple(zip(sources, lost, strict=True)))


def homeless(unknown: Sequence[str], schema: StructType, *, exact: bool) -> list[str]:
    """Of the names outside the schema, those that no column takes."""
    known = {name.lower() for name in schema.names}
    return [name for name in unknown if exact or name.lower() not in known]


def conformed(
    frame: DataFrame,
    fields: StructType,
    schema: StructType,
    unknown: Sequence[str],
    conversion: Conversion,
    *,
    corrupt: Column | None = None,
    beside: Sequence[tuple[str, Column, Column]] = (),
) -> DataFrame:
    """The rows of files that were read with their own fields, in the stored schema.

    Args:
        frame: the rows, with at least the fields.
        fields: of the files.
        schema: the stored one.
        unknown: names of fields that have no column.
        conversion: to the stored types.
        corrupt: the records that can't be parsed; None where the format has none.
        beside: what is rescued besides, as `rescued` takes it.
    """
    from pyspark.sql import functions as F

    read = read_fields(fields)
    columns: list[Column] = []
    outside = list(beside)
    for field in schema.fields:
        place = placed(field, read, conversion)
        columns.append(place.value)
        outside += [
            (source.name, conversion.rescued(source.column, source.kind), lost)
            for source, lost in place.losses
            if lost is not None
        ]
    names = set(homeless(unknown, schema, exact=conversion.exact))
    outside += [
        (source.name, conversion.rescued(source.column, source.kind), source.column.isNotNull())
        for source in read
        if source.name in names
    ]
    malformed = F.lit(None).cast("string") if corrupt is None else corrupt
    return frame.select(*columns, rescued(outside).alias(RESCUED), malformed.alias(CORRUPT))
