"""Watermarks that are declared, and go on from run to run.

Of several streams the slowest decides how far the watermark is. Spark asks the rows each stream has
had since the query was started; a stream that has had none counts as one that stands at the
beginning. With a run for whatever landed, in which mostly one stream has new rows, the watermark
would never move: no window would close, no row of an outer join come out, and the state grow for
ever. So what is known of each stream is kept beside the checkpoint, and said to Spark again: each
row of another stream brings a row with the newest event time along, which ends as soon as Spark has
seen it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Watermark

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_REMINDS = "__reminds"


def watched(
    table: SilverTable,
    rows: Mapping[str, DataFrame],
    read: Callable[[BronzeTable | SilverTable], DataFrame],
    newest: Mapping[str, int],
) -> dict[str, DataFrame]:
    """The streams as the table's transform gets them, with their watermarks.

    Args:
        table: whose streams and watermarks they are.
        rows: stream name to its rows.
        read: reads a streamed table once more.
        newest: stream name to the newest event time so far, in milliseconds since 1970.

    Raises:
        DeclarationError: the event time is not a timestamp of the stream.
    """
    given = dict(rows)
    for name, watermark in table.watermarks.items():
        placed = taking_part(_checked(rows[name], watermark, table.streams[name]), watermark)
        placed = placed.where(f"`{watermark.event_time}` is not null")
        if not needs_reminders(table):
            given[name] = placed.withWatermark(watermark.event_time, watermark.delay)
            continue
        # Read once more: a source of its own, as a join can't have one source on both of its sides.
        others = [read(of) for other, of in table.streams.items() if other != name]
        given[name] = _reminded(placed, watermark, others, newest.get(name, 0))
    return given


def needs_reminders(table: SilverTable) -> bool:
    """Whether several streams decide the watermark: one alone never holds it back."""
    return len(table.watermarks) > 1


def taking_part(rows: DataFrame, watermark: Watermark) -> DataFrame:
    """The rows of a stream that its watermark's condition lets in."""
    return rows if watermark.where is None else rows.where(watermark.where)


def _checked(rows: DataFrame, watermark: Watermark, stream: BronzeTable | SilverTable) -> DataFrame:
    kinds = dict(rows.dtypes)
    kind = kinds.get(watermark.event_time)
    if kind != "timestamp":
        raise DeclarationError(
            f"{stream.full_name}: the event time of a watermark has to be a timestamp; "
            f"{watermark.event_time!r} is {kind or 'not one of ' + ', '.join(kinds)}. Give the "
            "column its type where the files are read, or stream a table that casts it."
        )
    return rows


def _reminded(
    rows: DataFrame, watermark: Watermark, others: list[DataFrame], newest: int
) -> DataFrame:
    from pyspark.sql import functions as F

    # Always so, which Spark can't know. It would take what is the same in all rows of a micro-batch
    # for what is so in all rows of the stream, and leave out those of others that can't match it.
    always = F.spark_partition_id() >= 0
    reminder = {f.name: F.when(~always, F.lit(None).cast(f.dataType)) for f in rows.schema}
    reminder[watermark.event_time] = F.when(always, F.timestamp_millis(F.lit(newest)))
    columns = [value.alias(name) for name, value in {**reminder, _REMINDS: always}.items()]
    both = reduce(
        lambda one, more: one.unionByName(more),
        [rows.withColumn(_REMINDS, F.lit(False)), *[other.select(*columns) for other in others]],
    )
    # It would also move a condition that stays the same to before the watermark.
    seen = F.when(always, ~F.col(_REMINDS))
    return both.withWatermark(watermark.event_time, watermark.delay).where(seen).drop(_REMINDS)
