"""Silver: streams of other tables, judged once, appended or merged by key in sequence order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import lineage
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.kafka.values import inferred_values_of, values_of
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lookups import Lookups
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.release import Release, Releases
from medallion_assets.lakehouse.released_rows import ReleasedRows
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.silver_writing import SilverWriting
from medallion_assets.lakehouse.streams import late_rows, query, sources
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.streams.late_rows import LateRows
from medallion_assets.lakehouse.streams.state import as_state_error
from medallion_assets.lakehouse.streams.trigger import Trigger
from medallion_assets.lakehouse.streams.watermarks import watched
from medallion_assets.lakehouse.tables import SilverTable, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.query import StreamingQuery

_BYTES_PER_TRIGGER = "256m"
"""Bronze bytes a micro-batch: what a judged micro-batch holds in memory is a few times that."""


def materialize_silver(table: SilverTable, run: Run) -> Materialization:
    """Take what is new in the streamed tables, then follow the looked-up ones.

    Args:
        table: the table.
        run: what it works with.

    Raises:
        ExpectationFailedError: a row broke an `expect_or_fail` rule.
        DeclarationError: the transform can't go on with what its stream remembers.
    """
    lake = run.lake
    checkpoint = Checkpoint(lake.stream_directory(table))
    seen = sources.versions(sources.streamed(table), lake)
    versions = {name: version for name, version in seen.items() if version is not None}
    if len(versions) < len(table.streams):
        # Some are not there yet, and with them the columns they will have.
        return Materialization(table.full_name)
    stream = checkpoint.claim(
        sources.identity(table, lake), lake.target(table), filled=lake.log(table).exists()
    )
    lookups = Lookups(table, lake, checkpoint)
    lookups.begin()
    writing = _writing(table, run, checkpoint, lookups, stream)
    releasing = _releasing(table, run, checkpoint, lookups, stream)
    releasing.finish(run.session)
    consumed = checkpoint.consumed()
    new_rows = any(consumed.get(name) != version for name, version in versions.items())
    if (run.trigger.continuous or new_rows) and _run_stream(table, run, checkpoint, writing):
        checkpoint.record_consumed(versions)
    if lookups.changed():
        writing.correct(run.session())
    return writing.result() + releasing.writing.result()


def release_silver(table: SilverTable, run: Run, wanted: Release) -> Materialization:
    """Judge rows of the table's quarantine again, and let those that pass into the table.

    Args:
        table: the table.
        run: what it works with.
        wanted: which rows, and how they are mended.

    Raises:
        OptionError: the condition or a repair can't be computed.
        ExpectationFailedError: a row broke an `expect_or_fail` rule.
    """
    checkpoint = Checkpoint(run.lake.stream_directory(table))
    if not DeltaLog(run.lake.quarantine_path(table)).exists():
        return Materialization(table.full_name)
    lookups = Lookups(table, run.lake, checkpoint)
    releasing = _releasing(table, run, checkpoint, lookups, checkpoint.identity())
    releasing.finish(run.session)
    releasing.release(run.session(), wanted)
    return releasing.writing.result()


def _writing(
    table: SilverTable, run: Run, checkpoint: Checkpoint, lookups: Lookups, stream: str
) -> SilverWriting:
    from medallion_assets.lakehouse.type_widening.declared import widens

    return SilverWriting(
        table,
        run.lake,
        stream,
        lookups,
        LateRows(table, run.lake.late_path(table), checkpoint, stream),
        run.progress,
        widening=widens(table),
        values=inferred_values_of(table.source, checkpoint.directory),
    )


def _releasing(
    table: SilverTable, run: Run, checkpoint: Checkpoint, lookups: Lookups, stream: str
) -> ReleasedRows:
    # A stream of its own: its numbers are not those of micro-batches.
    writing = _writing(table, run, checkpoint, lookups, f"{stream}-release")
    return ReleasedRows(writing, Releases(checkpoint.directory))


def _run_stream(
    table: SilverTable, run: Run, checkpoint: Checkpoint, writing: SilverWriting
) -> bool:
    """Take what is new; whether that was all."""
    spark = run.session()
    try:
        ended = query.run(
            lambda: _frame(table, run.lake, spark, run.trigger, checkpoint),
            writing.batch,
            name=table.full_name,
            checkpoint=checkpoint.directory,
            trigger=run.trigger,
            output_mode=table.output_mode.value,
            stop_requested=run.stop_requested,
        )
    except Exception as error:
        failure = as_state_error(error, table.full_name)
        if failure is None:
            raise
        raise failure from error
    _say_dropped(table, ended.query, run.progress)
    return ended.complete


def _frame(
    table: SilverTable, lake: Lake, spark: SparkSession, trigger: Trigger, checkpoint: Checkpoint
) -> DataFrame:
    reader = spark.readStream.format("delta")
    if trigger.kind != "once":
        reader = reader.option("maxBytesPerTrigger", _BYTES_PER_TRIGGER)
    # A file that is taken again has its old rows deleted in a commit of their own.
    reader = reader.option("skipChangeCommits", "true")

    def read(of: Table) -> DataFrame:
        rows = reader.load(str(lake.path(of)))
        values = values_of(of, checkpoint.directory)
        return rows if values is None or values.source.infers_values else values.rows(rows)

    if inferred_values_of(table.source, checkpoint.directory) is not None:
        # The fields of the values, and so the transform's columns, are known micro-batch by
        # micro-batch.
        return read(table.source)

    rows = {name: read(of) for name, of in table.streams.items()}
    given = watched(table, rows, read, checkpoint.event_times())
    result = table.transform(given.pop(table.source.name), **given)
    # What every bronze table has, such as `_file_path`, is of no one row that was joined.
    doubled = [name for name, count in Counter(result.columns).items() if count > 1]
    result = result.drop(*[name for name in doubled if name.startswith("_")])
    names = {table.streams[name].full_name: frame for name, frame in rows.items()}
    lineage.note(lake, table, result, names)
    return late_rows.beside(result, table, rows) if table.watermarks else result


def _say_dropped(table: SilverTable, ended: StreamingQuery, say: Callable[[str], None]) -> None:
    """Tell of rows behind a watermark that the transform has set by itself: no table has them."""
    last = ended.lastProgress
    if table.watermarks or last is None or not last.stateOperators:
        return
    operators = [operator for batch in ended.recentProgress for operator in batch.stateOperators]
    dropped = sum(operator.numRowsDroppedByWatermark for operator in operators)
    if dropped:
        say(
            f"{dropped} rows or more came behind the watermark and are in no table; declare "
            f"`watermarks` of {table.full_name} to have them kept"
        )
