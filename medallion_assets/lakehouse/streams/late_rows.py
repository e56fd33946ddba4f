"""Rows that come behind the watermark: Spark leaves them out without a word, here they are kept.

Every row of a stream with a watermark is in the query twice: in what the transform makes of it, and
as it is. Both read one source, so a micro-batch has the same rows in both. Of those as they are,
the micro-batch function keeps what the stateful operators left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.streams.offset_log import batch_watermark
from medallion_assets.lakehouse.streams.watermarks import needs_reminders, taking_part
from medallion_assets.lakehouse.tables import SilverTable

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

COLUMNS = {
    "source": "The streamed table the row came from.",
    "event_time": "The row's event time; null where it has none and can't be placed.",
    "watermark": "The watermark it came behind.",
    "row": "The whole row, as JSON.",
    "_late_at": "When the row's micro-batch was processed.",
    "_batch_id": "The micro-batch of the table's stream.",
}
"""The columns of a table of late rows."""

_OURS = "__late_"
_SOURCE, _EVENT_TIME, _LATE_BY = f"{_OURS}source", f"{_OURS}event_time", f"{_OURS}by"
_ROW = f"{_OURS}row_of_"

# Milliseconds alone would be kept of a time otherwise, and no field that is null.
_JSON = {
    "ignoreNullFields": "false",
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
}
_CHAINED = "spark.sql.streaming.statefulOperator.allowMultiple"


def beside(result: DataFrame, table: SilverTable, streams: Mapping[str, DataFrame]) -> DataFrame:
    """The transformed rows, and beside them those of each stream with a watermark, as they are.

    Args:
        result: what the transform made.
        table: whose watermarks count.
        streams: name to the rows of the stream; the very frames that `result` was made of.
    """
    # First, in an order of their own: Spark's checkpoint knows its sources by their place in the
    # plan, which then does not hang on how the transform is written.
    as_they_are = [_as_they_are(streams[name], name, table) for name in sorted(table.watermarks)]
    return reduce(
        lambda one, other: one.unionByName(other, allowMissingColumns=True), [*as_they_are, result]
    )


@dataclass(frozen=True)
class LateRows:
    """Where the late rows of a table's stream are kept.

    Attributes:
        table: whose stream it is.
        path: the table of late rows.
        checkpoint: the stream's.
        stream: its id.
    """

    table: SilverTable
    path: Path
    checkpoint: Checkpoint
    stream: str

    @contextmanager
    def set_aside(self, frame: DataFrame, number: int) -> Iterator[tuple[DataFrame, int]]:
        """Write a micro-batch's late rows, once however often it is replayed.

        Args:
            frame: the micro-batch of a query made with `beside`.
            number: its number.

        Yields:
            The transformed rows, and how many rows were late.
        """
        from pyspark.sql import functions as F
        from pyspark.sql.observation import Observation

        passed = F.timestamp_millis(F.lit(self._watermark(number, frame.sparkSession)))
        transformed = F.col(_SOURCE).isNull()
        newest = Observation() if needs_reminders(self.table) else None
        if newest is not None:
            frame = frame.observe(newest, *[self._newest(name) for name in self.table.watermarks])
        # Kept for two reads: a second reading would be a second turn of the stateful operators.
        wanted = frame.where(transformed | (F.col(_LATE_BY) <= passed)).persist()
        try:
            late = wanted.where(~transformed)
            count = late.count()
            if count:
                self._write(late.withColumn("watermark", passed), number)
            if newest is not None:
                self.checkpoint.record_event_times(newest.get)
            ours = [name for name in frame.columns if name.startswith(_OURS)]
            yield wanted.where(transformed).drop(*ours), count
        finally:
            wanted.unpersist()

    def _newest(self, name: str) -> Column:
        from pyspark.sql import functions as F

        of = F.col(_SOURCE) == self.table.streams[name].full_name
        return F.max(F.when(of, F.unix_millis(_EVENT_TIME))).alias(name)

    def _watermark(self, number: int, spark: SparkSession) -> int:
        """The watermark behind which Spark leaves rows out of a micro-batch.

        With stateful operators that may follow each other that is the watermark of the micro-batch
        before, by which state was removed last; without, it is the micro-batch's own.
        """
        chained = str(spark.conf.get(_CHAINED, "true")).lower() == "true"
        return batch_watermark(self.checkpoint.directory, number - 1 if chained else number)

    def _write(self, late: DataFrame, number: int) -> None:
        from pyspark.sql import functions as F

        rows = [F.to_json(F.col(name), _JSON) for name in late.columns if name.startswith(_ROW)]
        told = late.select(
            F.col(_SOURCE).alias("source"),
            F.col(_EVENT_TIME).alias("event_time"),
            "watermark",
            F.coalesce(*rows).alias("row"),
            F.current_timestamp().alias("_late_at"),
            F.lit(number).cast("bigint").alias("_batch_id"),
        )
        from medallion_assets.lakehouse.type_drift import fitted, lake_table

        late_rows = lake_table(self.table.full_name, self.path, widening=False)
        with fitted(told, (late_rows,)) as fitting:
            query.append(fitting, self.path, transaction=(self.stream, number))


def _as_they_are(rows: DataFrame, name: str, table: SilverTable) -> DataFrame:
    from pyspark.sql import functions as F

    watermark = table.watermarks[name]
    time, always_late = F.col(f"`{watermark.event_time}`"), F.timestamp_millis(F.lit(0))
    row = F.struct(*[F.col(f"`{column}`") for column in rows.columns])
    # `window` of a null leaves the row out; a row without event time is to be told as late.
    timed = (
        taking_part(rows, watermark)
        .withColumns({_EVENT_TIME: time, f"{_ROW}{name}": row})
        .withColumn(watermark.event_time, F.coalesce(time, always_late))
        .withColumn(_LATE_BY, F.expr(watermark.late_by) if watermark.late_by else time)
    )
    return timed.select(
        F.lit(table.streams[name].full_name).alias(_SOURCE),
        _EVENT_TIME,
        F.when(F.col(_EVENT_TIME).isNull(), always_late).otherwise(F.col(_LATE_BY)).alias(_LATE_BY),
        f"{_ROW}{name}",
    )
