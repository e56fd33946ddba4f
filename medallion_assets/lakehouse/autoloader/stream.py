"""A stream over files: discovery fills the ledger, Structured Streaming takes it from there.

The streaming query reads the ledger, one commit of it a micro-batch; each micro-batch reads the
files it names. Which micro-batches are done is said by the target alone: all numbers up to the last
one committed there. So a micro-batch that is replayed, or a ledger read in another order than it
was written, adds nothing and loses nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from medallion_assets.lakehouse.autoloader.cleaning import Cleaned, clean
from medallion_assets.lakehouse.autoloader.discovery import (
    KnownFiles,
    LandedFile,
    Selection,
    Settling,
    cut,
    look_through,
    oldest_first,
)
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.ledger_rows import Cause
from medallion_assets.lakehouse.autoloader.listing import Directory, listing_of, settle_seconds
from medallion_assets.lakehouse.autoloader.object_store import (
    IncrementalListing,
    ObjectDirectory,
)
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.autoloader.watch import Watch
from medallion_assets.lakehouse.errors import LostStateError
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

    @property
    def filled(self) -> bool:
        """Whether the target has been written, and by this stream alone."""
        ...

    def committed(self, stream: str) -> int | None:
        """The last micro-batch of the stream in the target; None where the target doesn't tell."""
        ...

    def write(self, decoded: Decoded, stream: str, batch: int, replaced: Sequence[str]) -> Rows:
        """Write one micro-batch, exactly once for its number where the target allows it.

        Args:
            decoded: the rows.
            stream: the stream's id.
            batch: the micro-batch's number.
            replaced: files of it whose rows from earlier micro-batches go.
        """
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
    cleaned: Cleaned = field(default_factory=Cleaned)

    def note(self, unreadable: Sequence[FailedFile]) -> None:
        """Add what can't be taken; a run that goes on finds the same again and again."""
        self.failed += [file for file in unreadable if file not in self.failed]


@dataclass(frozen=True)
class Discovered:
    """What a discovery did.

    Attributes:
        batches: micro-batches added to the ledger.
        unreadable: files and directories that can't be looked at or read, and why. They have no
            entry in the ledger: each discovery names them again, until they can be taken.
    """

    batches: int
    unreadable: tuple[FailedFile, ...] = ()


@dataclass(frozen=True)
class FileStream:
    """One stream over a directory of files.

    Args:
        directory: where files land.
        options: the stream's.
        checkpoint: the directory of this stream alone; holds the ledger.
        declared: DDL of the declared schema, None where it is inferred.
        pattern: the path to load, where it is a glob.
    """

    directory: Directory
    options: CloudFilesOptions
    checkpoint: Path
    declared: str | None = None
    pattern: str | None = None

    @property
    def selection(self) -> Selection:
        """Which of the directory's files the stream takes."""
        return Selection.of(self.options, self.pattern)

    @property
    def settle_seconds(self) -> float:
        """For how long a file must have stayed as it is."""
        return settle_seconds(self.directory, self.options)

    @property
    def ledger(self) -> FileLedger:
        """The stream's file ledger."""
        return FileLedger(ledger_directory(self.checkpoint))

    def discover(
        self, *, all_at_once: bool = False, settling: Settling | None = None
    ) -> Discovered:
        """List the directory and put new files that are whole into the ledger.

        They go there chunk by chunk, oldest first within a chunk: a first load of a million files
        never holds them all.

        Args:
            all_at_once: make one micro-batch of them, whatever the limits say.
            settling: tells whole files from others; where it is None, young files are waited for.
        """
        known = self.ledger.known(by_version=self.options.allow_overwrites)
        unreadable: list[FailedFile] = []
        settled = Settling(self.settle_seconds) if settling is None else settling
        whole = settled.whole(self._new_files(known, unreadable))
        return Discovered(self.enter(whole, all_at_once=all_at_once), tuple(unreadable))

    def enter(self, chunks: Iterator[list[LandedFile]], *, all_at_once: bool = False) -> int:
        """Put new files into the ledger.

        Args:
            chunks: the files; one of the chunks is held at a time.
            all_at_once: as one micro-batch, whatever the limits say.

        Returns:
            How many micro-batches were added.
        """
        ledger, options = self.ledger, self.options
        if not all_at_once:
            limits = options.max_files_per_trigger, options.max_bytes_per_trigger
            return ledger.discovered(cut(oldest_first(chunks), *limits))
        first = next(chunks, None)
        if first is None:
            return 0
        ledger.discovered_as_one(chain([first], chunks), ledger.next_batch())
        return 1

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
            LostStateError: the checkpoint or the stored schema is gone.
            SchemaChangedError: new columns under failOnNewColumns.
        """
        stream = Checkpoint(self.checkpoint).claim(
            self.pattern or str(self.directory), sink.name, filled=sink.filled
        )
        self.ledger.create()
        self._check_schema()
        self.ledger.compact()
        if not self.options.include_existing_files and self.ledger.untouched():
            self._skip_existing()
        progress = Progress()
        progress.note(self.discover(all_at_once=trigger.kind == "once").unreadable)
        position = self.position(sink, stream)
        last = self.ledger.last_batch()
        if not trigger.continuous and (last is None or last <= position):
            progress.cleaned += self.clean()
            return progress
        taking = _Taking(self, session(), sink, stream, position, progress, on_batch)
        with closing(Watch(self, progress, on_batch)) as watch:
            query.run(
                lambda: taking.frame(trigger),
                taking.batch,
                name=f"{self.directory.name} to {sink.name}",
                checkpoint=self.checkpoint,
                trigger=trigger,
                each_wait=watch.look if trigger.continuous else lambda: None,
                stop_requested=stop_requested,
            )
        progress.cleaned += self.clean()
        return progress

    def clean(self) -> Cleaned:
        """Delete or move the files that are in the target for long enough."""
        if isinstance(self.directory, ObjectDirectory):
            return Cleaned()
        now = datetime.datetime.now(datetime.timezone.utc)
        return clean(self.directory, self.ledger, self.options, now)

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
            cleaned=progress.cleaned.files,
            cleaned_bytes=progress.cleaned.bytes,
            not_cleaned=progress.cleaned.kept,
        )

    @property
    def schema_log(self) -> SchemaLog:
        """The stored schema versions."""
        location = self.options.schema_location
        return SchemaLog(self.checkpoint if location is None else Path(location))

    def _check_schema(self) -> None:
        """Do not infer anew what the rows that were taken had another schema for.

        Raises:
            LostStateError: rows were taken with a schema that is not there any more.
        """
        if self.declared is None and self.ledger.rows() and self.schema_log.version() is None:
            raise LostStateError(
                f"The schema of the stream from {self.directory} is gone: "
                f"{self.schema_log.location}/_schemas is empty, while rows were taken with it. "
                "Restore that directory from a backup, or declare the schema."
            )

    def _skip_existing(self) -> None:
        """includeExistingFiles=false: what is there now counts as taken."""
        number = self.ledger.next_batch()
        # Noted as done first: between the two the files would count as new.
        self.ledger.committed(number, 0)
        self.ledger.discovered_as_one(
            self._new_files(KnownFiles(), []), number, cause=Cause.SKIPPED
        )

    def _new_files(
        self, known: KnownFiles, unreadable: list[FailedFile]
    ) -> Iterator[list[LandedFile]]:
        """Files the ledger does not have; what can't be looked at is added to `unreadable`."""
        incremental = IncrementalListing(self.checkpoint)
        after = incremental.after(known) if self._lists_incrementally else ""
        listing = listing_of(self.directory, self.selection, after)
        for looked in look_through(listing, known, self.selection):
            unreadable += looked.unreadable
            yield looked.new
        unreadable += listing.unreadable
        if self._lists_incrementally:
            incremental.done(after)

    @property
    def _lists_incrementally(self) -> bool:
        # An overwritten object keeps its place among the keys.
        return (
            isinstance(self.directory, ObjectDirectory)
            and self.options.use_incremental_listing.lower() == "true"
            and not self.options.allow_overwrites
        )


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

        stream, ledger = self.stream, self.stream.ledger
        ingest = Ingest(
            directory=stream.directory,
            options=stream.options,
            declared=None if stream.declared is None else parsed_schema(spark, stream.declared),
            schema_log=stream.schema_log,
        )
        written: list[Rows] = []
        ledger.attempted(number)
        replaced = ledger.replaced(number)

        def write(decoded: Decoded, failed: Sequence[FailedFile]) -> None:
            # First: once the rows are in the target, the micro-batch is never looked at again.
            ledger.failed(number, failed)
            unread = {file.path for file in failed}
            again = [path for path in replaced if path not in unread]
            written.append(self.sink.write(decoded, self.stream_id, number, again))

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
