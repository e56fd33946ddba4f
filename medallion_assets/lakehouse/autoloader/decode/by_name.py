"""Rows whose fields are known, brought to the stored schema by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql.types import StringType

from medallion_assets.lakehouse.autoloader.decode.conform import (
    Conversion,
    is_lost,
    is_nested,
    spellings,
)
from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED
from medallion_assets.lakehouse.autoloader.decode.rescued import Rescue, rescued, rescued_bytes
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType, StructField, StructType


_KEPT, _CORRUPT = "_placed_kept", "_placed_corrupt"


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


@dataclass(frozen=True)
class PlacedRows:
    """Rows with the columns of the result beside what they were made of.

    Attributes:
        frame: the rows.
        columns: of the result.
        losses: the fields that were read for a column, and where something of one has no place in
            it; None where that never happens.
    """

    frame: DataFrame
    columns: tuple[Column, ...]
    losses: tuple[tuple[ReadField, Column | None], ...]


def placed_rows(
    frame: DataFrame, fields: StructType, schema: StructType, conversion: Conversion
) -> PlacedRows:
    """Every column of the stored schema out of the fields of its name.

    Args:
        frame: the rows, with at least the fields.
        fields: that were read.
        schema: the stored one.
        conversion: to the stored types.
    """
    from pyspark.sql import functions as F

    read = read_fields(fields)
    places = [(field, placed(field, read, conversion)) for field in schema.fields]
    names = [f"_placed_{number}" for number in range(len(places))]
    values = [place.value.alias(name) for name, (_, place) in zip(names, places, strict=True)]
    losses: list[tuple[ReadField, Column | None]] = []
    for name, (field, place) in zip(names, places, strict=True):
        for source, lost in place.losses:
            # Of the value that is at hand: written out again, the conversion would be done twice.
            is_text = isinstance(source.kind, StringType) and len(place.losses) == 1
            if is_text and not is_nested(field.dataType) and lost is not None:
                lost = is_lost(conversion.said(source.column), F.col(name))  # noqa: PLW2901
            losses.append((source, lost))
    columns = [
        F.col(name).alias(field.name) for name, field in zip(names, schema.fields, strict=True)
    ]
    return PlacedRows(frame.select("*", *values), tuple(columns), tuple(losses))


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
    beside: Sequence[Rescue] = (),
) -> DataFrame:
    """The rows of files that were read with their own fields, in the stored schema.

    Args:
        frame: the rows, with at least the fields.
        fields: of the files.
        schema: the stored one.
        unknown: names of fields that have no column.
        conversion: to the stored types.
        corrupt: the records that can't be parsed; None where the format has none.
        beside: what is rescued besides.
    """
    from pyspark.sql import functions as F

    rows = placed_rows(frame, fields, schema, conversion)
    outside = list(beside)
    outside += [
        Rescue(source.name, conversion.rescued(source.column, source.kind), lost)
        for source, lost in rows.losses
        if lost is not None
    ]
    names = set(homeless(unknown, schema, exact=conversion.exact))
    for source in read_fields(fields):
        if source.name in names:
            said = conversion.rescued(source.column, source.kind)
            outside.append(Rescue(source.name, said, source.column.isNotNull()))
    if corrupt is None:
        return with_kept(rows.frame, rows.columns, rescued(outside), F.lit(None).cast("string"))
    # A record that can't be parsed is kept whole: what was read of it is no row.
    kept = F.when(corrupt.isNull(), rescued(outside)).otherwise(rescued_bytes(corrupt))
    return with_kept(rows.frame, rows.columns, kept, F.make_valid_utf8(corrupt))


def with_kept(
    frame: DataFrame,
    columns: Sequence[Column],
    kept: Column,
    corrupt: Column,
    beside: Sequence[Column] = (),
) -> DataFrame:
    """The columns of the result, with what has no place in them."""
    from pyspark.sql import functions as F

    # Before the others get their names, which fields of the files can have too.
    frame = frame.withColumns({_KEPT: kept, _CORRUPT: corrupt})
    own = (F.col(_KEPT).alias(RESCUED), F.col(_CORRUPT).alias(CORRUPT))
    return frame.select(*columns, *own, *beside)
