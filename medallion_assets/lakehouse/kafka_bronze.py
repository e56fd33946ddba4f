"""Bronze tables of topics: every event as it came, with where it stood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.kafka.failures import as_kafka_error
from medallion_assets.lakehouse.kafka.lost_events import LostEvents
from medallion_assets.lakehouse.kafka.offsets import Gap, gaps
from medallion_assets.lakehouse.kafka.position import ended_at, started_at
from medallion_assets.lakehouse.kafka.state import TopicState, broker_of, look
from medallion_assets.lakehouse.materialization import Events, Materialization, Rows
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

EVENT_COLUMNS = {
    "key": "The event's key, as bytes.",
    "value": "The event's value, as bytes; null says that what the key stands for is gone.",
    "headers": "The event's headers.",
    "topic": "The topic.",
    "partition": "The topic's partition.",
    "offset": "The event's place in the partition.",
    "timestamp": "When the event was written, by its producer or by the broker.",
    "timestampType": "0: the timestamp is the producer's; 1: the broker's.",
}
"""The columns of Spark's Kafka source, and what they hold."""


def materialize_topics(table: BronzeTable, source: KafkaTopics, run: Run) -> Materialization:
    """Take the events that are new.

    Where nothing is new, no session is started.

    Args:
        table: the table.
        source: its topics.
        run: what it works with.

    Raises:
        EventsLostError: events are gone before they were read, and `failOnDataLoss` holds.
        BrokerUnavailableError: the cluster does not answer. Trying again helps.
        BrokerRefusedError: it does not let us in.
        MachineError: client library, connector or credentials are missing.
    """
    lake = run.lake
    checkpoint = lake.stream_directory(table)
    stream = Checkpoint(checkpoint).claim(
        f"topics {source.topics}", lake.target(table), filled=lake.log(table).exists()
    )
    before = look(source, checkpoint, ages=False)
    before.refuse_loss()
    record = LostEvents(checkpoint)
    lost_before = record.all()
    writing = _Writing(table, source, lake.path(table), stream, checkpoint, run.progress)
    if before.wants_run or (run.trigger.continuous and before.latest):
        record.add(before.gaps)
        _stream(source, run, checkpoint, before, writing)
        record.add(tuple(writing.gaps))
    after = look(source, checkpoint)
    return Materialization(
        table=table.full_name,
        batches=writing.batches,
        rows=writing.rows,
        events=Events(
            began=before.position,
            ended=after.position,
            lost=tuple(gap for gap in record.all() if gap not in lost_before),
            lost_before=lost_before,
            backlog=after.events_waiting,
            oldest_unread_seconds=after.oldest_unread_age_seconds,
        ),
    )


def _stream(
    source: KafkaTopics, run: Run, checkpoint: Path, state: TopicState, writing: _Writing
) -> None:
    spark = run.session()
    try:
        query.run(
            lambda: _frame(source, spark, state),
            writing.batch,
            name=f"bronze topics {source.name}",
            checkpoint=checkpoint,
            trigger=run.trigger,
            stop_requested=run.stop_requested,
        )
    except Exception as error:
        known = as_kafka_error(error, source)
        if known is None:
            raise
        raise known from error


def _frame(source: KafkaTopics, spark: SparkSession, state: TopicState) -> DataFrame:
    options = {**source.cluster.spark_options(), **source.spark_options()}
    if source.subscribe:
        # Spark refuses to begin while one of several topics is not there yet.
        there = {partition.topic for partition in state.latest}
        options["subscribe"] = ",".join(name for name in source.subscribe if name in there)
    return spark.readStream.format("kafka").options(**options).load()


@dataclass
class _Writing:
    """The micro-batch function of one run, and what it has counted."""

    table: BronzeTable
    source: KafkaTopics
    path: Path
    stream: str
    checkpoint: Path
    progress: Callable[[str], None]
    batches: int = 0
    rows: Rows = field(default_factory=Rows)
    gaps: list[Gap] = field(default_factory=list)

    def batch(self, events: DataFrame, number: int) -> None:
        """Append the events and count them in the same pass."""
        from pyspark.sql import Observation
        from pyspark.sql import functions as F

        log = DeltaLog(self.path)
        done = log.transaction_version(self.stream)
        if done is not None and done >= number:
            return
        kept = events.withColumns(
            {"_ingested_at": F.current_timestamp(), "_batch": F.lit(number).cast("bigint")}
        )
        counted = Observation(f"topics {number}")
        kept = kept.observe(counted, F.count(F.lit(1)).alias("rows"))
        query.append(
            kept,
            self.path,
            transaction=(self.stream, number),
            cluster_by=self.table.cluster_by,
        )
        read = counted.get["rows"]
        written = int(log.last_operation().get("numOutputRows", 0))
        self.gaps += self._missing(number, read)
        self.batches += 1
        self.rows = self.rows + Rows(read=read, kept=read, written=written, inserted=written)
        self.progress(f"batch {number}: {written} events")

    def _missing(self, number: int, read: int) -> list[Gap]:
        """What retention took while it was read, where Spark was told to go on then."""
        began = started_at(self.checkpoint, number)
        ended = ended_at(self.checkpoint, number)
        planned = sum(end - began.get(partition, 0) for partition, end in ended.items())
        if read >= planned or self.source.fails_on_data_loss:
            return []
        # Compacted and transactional topics have fewer events than offsets too.
        known = broker_of(self.source).offsets(self.source.takes)
        return [
            replace(gap, end=min(gap.end, ended.get(gap.partition, gap.end)))
            for gap in gaps(began, known.earliest, known.latest)
        ]
