"""Start one streaming query, watch it, and always stop it.

The wait is in Python, never inside a call into the JVM: a signal then becomes a clean interrupt,
and the query is stopped on the way out. An error raised by our own micro-batch function comes back
as itself, not as the text of a `StreamingQueryException`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.session.connection import drop_broken_connection
from medallion_assets.lakehouse.streams.clustered import make_clustered
from medallion_assets.lakehouse.streams.trigger import Trigger

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

_POLL_SECONDS = 0.02
_SCHEMA_CHANGES = ("DELTA_SCHEMA_CHANGED", "DELTA_STREAMING_INCOMPATIBLE_SCHEMA_CHANGE")

Batch = Callable[["DataFrame", int], None]


@dataclass(frozen=True)
class Ended:
    """How a query ended.

    Attributes:
        query: the query, for its progress.
        complete: whether it ended by itself, having taken all there was; else it was stopped.
    """

    query: StreamingQuery
    complete: bool


def run(
    frame: Callable[[], DataFrame],
    batch: Batch,
    *,
    name: str,
    checkpoint: Path,
    trigger: Trigger,
    output_mode: str = "append",
    each_wait: Callable[[], None] = lambda: None,
    stop_requested: Callable[[], bool] = lambda: False,
) -> Ended:
    """Run a query to its end, which for processingTime is an interrupt.

    Args:
        frame: makes the streaming DataFrame; called again when the source's schema grew while the
            query ran, as Delta then asks for a restart.
        batch: gets each micro-batch, as `foreachBatch` does.
        name: the query's name in Spark's listings.
        checkpoint: the directory of this stream alone.
        trigger: when micro-batches are taken.
        output_mode: append, update or complete.
        each_wait: called between polls, for work beside the query such as discovery.
        stop_requested: asked between polls; True ends the query.

    Returns:
        How it ended.

    Raises:
        Exception: whatever `batch` raised, or the query's own error.
    """
    while True:
        raised: list[BaseException] = []
        query = _start(frame(), batch, raised, name, checkpoint, trigger, output_mode)
        stopped = False
        try:
            while query.isActive and not stopped:
                each_wait()
                time.sleep(_POLL_SECONDS)
                stopped = stop_requested()
        except Exception:
            raise
        except BaseException:
            # A cancelled run: the signal may have come in the middle of a call.
            drop_broken_connection()
            raise
        finally:
            if query.isActive:
                query.stop()
        if raised:
            raise raised[0]
        failure = query.exception()
        if failure is None or stopped:
            return Ended(query, complete=not stopped)
        if not any(change in str(failure) for change in _SCHEMA_CHANGES):
            raise failure


def _start(
    frame: DataFrame,
    batch: Batch,
    raised: list[BaseException],
    name: str,
    checkpoint: Path,
    trigger: Trigger,
    output_mode: str,
) -> StreamingQuery:
    def guarded(rows: DataFrame, batch_id: int) -> None:
        try:
            batch(rows, batch_id)
        except Exception as error:
            raised.append(error)
            raise
        except BaseException as error:
            raised.append(error)
            # Py4J answers the JVM for an Exception only: without one the query would wait for ever.
            raise RuntimeError("interrupted") from error

    writer = (
        frame.writeStream.queryName(name)
        .outputMode(output_mode)
        .option("checkpointLocation", str(checkpoint))
        .foreachBatch(guarded)
    )
    try:
        return trigger.apply(writer).start()
    except BaseException as error:
        # An interrupt in the middle of the call leaves a query that nobody holds.
        if not isinstance(error, Exception):
            drop_broken_connection()
        for started in frame.sparkSession.streams.active:
            if started.name == name:
                started.stop()
        raise


def append(
    frame: DataFrame,
    path: Path,
    *,
    transaction: tuple[str, int] | None,
    options: Mapping[str, str] = MappingProxyType({}),
    cluster_by: Sequence[str] = (),
    merge_schema: bool = True,
    widening: bool = False,
) -> None:
    """Append to a Delta table exactly once for a transaction id and number.

    Delta keeps the last number of each id in the table's log, in the same commit as the rows: the
    same append again is skipped.

    Args:
        frame: the rows.
        path: the table, made where it is missing.
        transaction: `txnAppId` and `txnVersion`; None appends whatever was appended before.
        options: of Delta's writer; those that are table properties count where the table is made.
        cluster_by: columns for liquid clustering, where the table is made.
        merge_schema: whether columns the table lacks are added to it.
        widening: whether columns get wider types where the rows have them.
    """
    if widening:
        from medallion_assets.lakehouse.type_widening.tables import widen_columns

        widen_columns(frame.sparkSession, path, frame.schema)
    writer = (
        frame.write.format("delta")
        .mode("append")
        .options(**options)
        .option("mergeSchema", str(merge_schema).lower())
    )
    if transaction is not None:
        application, number = transaction
        writer = writer.option("txnAppId", application).option("txnVersion", str(number))
    if cluster_by and not (path / "_delta_log").is_dir():
        make_clustered(frame, path, cluster_by, options)
    writer.save(str(path))


@contextmanager
def transaction(spark: SparkSession, given: tuple[str, int] | None) -> Iterator[None]:
    """Make every Delta command of the block part of a transaction id and number.

    MERGE has no writer options; Delta reads them from the session, and skips a command whose number
    is in the table's log already (docs.delta.io, idempotent writes).

    Args:
        spark: the session.
        given: `txnAppId` and `txnVersion`; None leaves the commands as they are.
    """
    if given is None:
        yield
        return
    names = ("spark.databricks.delta.write.txnAppId", "spark.databricks.delta.write.txnVersion")
    for name, value in zip(names, given, strict=True):
        spark.conf.set(name, str(value))
    try:
        yield
    finally:
        for name in names:
            spark.conf.unset(name)
