"""A stream over files: discovery fills the ledger, Structured Streaming takes it from there.

The streaming query reads the ledger, one commit of it a micro-batch; each micro-batch reads the
files it names. Which micro-batches are done is said by the target alone: all numbers up to the last
one committed there. So a micro-batch that is replayed, or a ledger read in another order than it
was written, adds nothing and loses nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from medallion_assets.lakehouse.autoloader.discovery import cut, list_files, settled
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile, Files, Rows
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint, ledger_directory
from medallion_assets.lakehouse.streams.trigger import Trigger

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded

_NAMED_FILES = 1000


class Sink(Protocol):
    """Where a stream over files writes."""

    @property
    def name(self) -> str:
        """The target, for the checkpoint's identity."""
        ...

    def committed(self, stream: str) -> int | None:
        """The last micro-batch of the stream in the target; None where the target doesn't tell."""
        ...

    def write(self, decoded: Decoded, stream: str, batch: int) -> Rows:
        """Write one micro-batch, exactly once for its number where the target allows it."""
        ...


@dataclass
class Progress:
    """What a run has done so far."""

    batches: int = 0
    rows: Rows = field(default_factory=Rows)
    taken: list[str] = field(default_factory=list)
    taken_count: int = 0
    bytes_taken: int = 0
    failed: list[FailedFile] = field(default_factory=list)
    added: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FileStream:
    """One stream over a directory of files.

    Args:
        directory: where files land.
        options: the stream's.
        checkpoint: the directory of this stream alone; holds the ledger.
        declared: DDL of the declared schema, None where it is inferred.
    """

    directory: Path
    options: CloudFilesOptions
    checkpoint: Path
    declared: str | None = None

    @property
    def ledger(self) -> FileLedger:
        """The stream's file ledger."""
        return FileLedger(ledger_directory(self.checkpoint))

    def discover(self, *, all_at_once: bool = False) -> int:
        """Put new files that are whole into the ledger.

        Args:
            all_at_once: make one micro-batch of them, whatever the limits say.

        Returns:
            How many micro-batches were added.
        """
        known = self.ledger.known()
        new = (file for file in list_files(self.directory) if not known.holds(file))
        whole, _ = settled(new, self.options.settle_seconds)
        whole.sort(key=lambda file: (file.modified_ns, file.path))
        limit = len(whole) + 1 if all_at_once else self.options.max_files_per_trigger
        size = None if all_at_once else self.options.max_bytes_per_trigger
        return self.ledger.discovered(cut(whole, limit, size))

    def position(self, sink: Sink, stream: str) -> int:
        """The last micro-batch that is done, -1 where none is; catches the ledger up with it."""
        noted = self.ledger.last_commit()
        done = -1 if noted is None else noted
        written = sink.committed(stream)
        for batch in range(done + 1, (-1 if written is None else written) + 1):
            self.ledger.committed(batch, 0)
        return max(done, -1 if written is None else written)

    def run(
        self,
        session: Callable[[], SparkSession],
        sink: Sink,
        trigger: Trigger,
        on_batch: Callable[[str], None],
        stop_requested: Callable[[], bool] = lambda: False,
    ) -> Progress:
        """Discover, and take what is new.

        Starts no session where there is nothing new, unless the trigger goes on.

        Raises:
            CheckpointInUseError: the checkpoint belongs to another stream.
            SchemaChangedError: new columns under failOnNewColumns.
        """
        stream = Checkpoint(self.checkpoint).claim(str(self.directory), sink.name)
        self.ledger.create()
        self.ledger.compact()
        if not self.options.include_existing_files and self.ledger.untouched():
            self._skip_existing()
        self.discover(all_at_once=trigger.kind == "once")
        progress = Progress()
        position = self.position(sink, stream)
        last = self.ledger.last_batch()
        if not trigger.continuous and (last is None or last <= position):
            return progress
        taking = _Taking(self, session(), sink, stream, position, progress, on_batch)
        watch = _Watch(self, trigger, stop_requested)
        query.run(
            lambda: taking.frame(trigger),
            taking.batch,
            name=f"{self.directory.name} to {sink.name}",
            checkpoint=self.checkpoint,
            trigger=trigger,
            each_wait=watch.wait,
            stop_requested=stop_requested,
        )
        return progress

    def files(self, progress: Progress, position: int | None) -> Files:
        """The run's files, with the backlog that is left."""
        backlog = self.ledger.backlog(position)
        return Files(
            taken=tuple(progress.taken),
            taken_count=progress.taken_count,
            bytes_taken=progress.bytes_taken,
            failed=tuple(progress.failed),
            backlog_files=backlog.files,
            backlog_bytes=backlog.bytes,
            columns_added=tuple(progress.added),
        )

    def _skip_existing(self) -> None:
        """includeExistingFiles=false: what is there now counts as taken."""
        existing = list(list_files(self.directory))
        number = self.ledger.next_batch()
        if existing:
            # Noted as done first: between the two the files would count as new.
            self.ledger.committed(number, 0)
        self.ledger.discovered([existing], first=number)


@dataclass
class _Taking:
    """The micro-batch function of one run, and where it stands."""

    stream: FileStream
    spark: SparkSession
    sink: Sink
    stream_id: str
    position: int
    progress: Progress
    on_batch: Callable[[str], None]

    def frame(self, trigger: Trigger) -> DataFrame:
        """The ledger as a stream: one of its commits a micro-batch, or all of it for once."""
        reader = self.spark.readStream.format("delta")
        if trigger.kind != "once":
            reader = reader.option("maxFilesPerTrigger", "1")
        return reader.load(str(self.stream.ledger.files_path)).select("batch")

    def batch(self, rows: DataFrame, _: int) -> None:
        """Take every micro-batch of the ledger up to the newest one in these rows."""
        from pyspark.sql import functions as F

        newest = rows.agg(F.max("batch")).first()
        upto = self.position if newest is None or newest[0] is None else newest[0]
        for number in range(self.position + 1, upto + 1):
            self._take(rows.sparkSession, number)
            self.position = number

    def _take(self, spark: SparkSession, number: int) -> None:
        from medallion_assets.lakehouse.autoloader.ingest import Ingest, parsed_schema
        from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog

        stream, ledger = self.stream, self.stream.ledger
        location = stream.options.schema_location
        ingest = Ingest(
            directory=stream.directory,
            options=stream.options,
            declared=None if stream.declared is None else parsed_schema(spark, stream.declared),
            schema_log=SchemaLog(stream.checkpoint if location is None else Path(location)),
        )
        written: list[Rows] = []

        def write(decoded: Decoded, failed: Sequence[FailedFile]) -> None:
            # First: once the rows are in the target, the micro-batch is never looked at again.
            ledger.failed(number, failed)
            written.append(self.sink.write(decoded, self.stream_id, number))

        done = ingest.batch(spark, ledger.batch(number), write)
        rows = written[0] if written else Rows()
        if not written:
            ledger.failed(number, done.failed)
        ledger.committed(number, rows.written)
        progress = self.progress
        progress.batches += 1
        progress.rows = progress.rows + rows
        progress.taken_count += len(done.taken)
        progress.bytes_taken += sum(file.size for file in done.taken)
        room = _NAMED_FILES - len(progress.taken)
        progress.taken += [file.path for file in done.taken[:room]]
        progress.failed += done.failed
        progress.added += done.added
        self.on_batch(f"batch {number}: {len(done.taken)} files, {rows.written} rows")


@dataclass
class _Watch:
    """Discovery beside a query that goes on."""

    stream: FileStream
    trigger: Trigger
    stop_requested: Callable[[], bool]
    last: float = field(default_factory=time.monotonic)

    def wait(self) -> None:
        """Discover again once a second while the trigger goes on."""
        if self.trigger.continuous and time.monotonic() - self.last >= 1.0:
            self.stream.discover()
            self.last = time.monotonic()
