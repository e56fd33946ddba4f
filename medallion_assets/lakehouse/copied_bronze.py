"""Bronze tables that are loaded by a COPY INTO statement.

What was loaded is kept where the stream of any bronze table keeps it, so that sensors, backlog,
`cloud_files_state` and rebuilds are those of any bronze table.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from medallion_assets.lakehouse.autoloader.options.values import interval
from medallion_assets.lakehouse.bronze import provenance
from medallion_assets.lakehouse.copy_into.copying import Copying, Taken, commit_nothing
from medallion_assets.lakehouse.copy_into.loads import Loads
from medallion_assets.lakehouse.copy_into.statement import CopyInto, TablePath
from medallion_assets.lakehouse.copy_into.target import TargetTable
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.materialization import FailedFile, Files, Materialization, Rows
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import BronzeTable, CopiedDirectory

_NAMED_FILES = 1000
_POLL_SECONDS = 0.1


def materialize_copied(table: BronzeTable, source: CopiedDirectory, run: Run) -> Materialization:
    """Carry out the statement; with processingTime again and again, until it is stopped.

    Args:
        table: the table.
        source: its landing directory, with the statement.
        run: what it works with; its triggers availableNow and once load once.

    Raises:
        MisfitError: a row does not fit the table.
        FileUnreadableError: a file can't be read, and the statement does not leave such out.
    """
    loading = _Loading.of(table, source, run)
    loading.load()
    if run.trigger.interval is not None:
        seconds = interval("the trigger", run.trigger.interval)
        while _waited(seconds, run.stop_requested):
            loading.load()
    return loading.materialization()


def _waited(seconds: float, stop_requested: Callable[[], bool]) -> bool:
    """Wait; False once a stop is requested."""
    until = time.monotonic() + seconds
    while not stop_requested():
        left = until - time.monotonic()
        if left <= 0:
            return True
        time.sleep(min(_POLL_SECONDS, left))
    return False


@dataclass
class _Loading:
    """The loads of one run."""

    table: BronzeTable
    path: Path
    statement: CopyInto
    loads: Loads
    run: Run
    taken: list[Taken] = field(default_factory=list)
    failed: tuple[FailedFile, ...] = ()
    written: int = 0

    @classmethod
    def of(cls, table: BronzeTable, source: CopiedDirectory, run: Run) -> _Loading:
        lake = run.lake
        path, landing = lake.path(table), lake.landing_path(source)
        landing.mkdir(parents=True, exist_ok=True)
        checkpoint = lake.stream_directory(table)
        stream = Checkpoint(checkpoint).claim(
            str(landing), lake.target(table), filled=DeltaLog(path).exists()
        )

        def close(application: str, version: int) -> None:
            commit_nothing(run.session(), path, application, version)

        said = replace(source.copy_into, target=TablePath(str(path)), source=str(landing))
        return cls(table, path, said, Loads(path, checkpoint, stream, close), run)

    def load(self) -> None:
        """Take what is new."""
        copying = Copying.of(self.table.full_name, self.statement)
        with self.loads.begin(copying.find, force=False) as load:
            if load is None:
                self.failed = tuple(copying.unreadable)
                return
            copying.provenance = provenance(load.number)
            taken = copying.take(self.run.session(), self._target(), self.loads, load)
        self.failed = taken.failed
        if taken.files:
            self.taken.append(taken)
            self.written += int(DeltaLog(self.path).last_operation().get("numOutputRows", 0))
            took = f"{taken.rows} rows from {len(taken.files)} files"
            self.run.progress(f"load {load.number}: {took}")

    def materialization(self) -> Materialization:
        """What was done."""
        files = [file for taken in self.taken for file in taken.files]
        rows = sum(taken.rows for taken in self.taken)
        backlog = self.loads.ledger.backlog(self.loads.ledger.last_commit())
        return Materialization(
            table=self.table.full_name,
            batches=len(self.taken),
            rows=Rows(
                read=rows,
                kept=rows,
                written=self.written,
                inserted=self.written,
                corrupt=sum(taken.corrupt for taken in self.taken),
            ),
            files=Files(
                taken=tuple(file.path for file in files[:_NAMED_FILES]),
                taken_count=len(files),
                bytes_taken=sum(file.size for file in files),
                failed=self.failed,
                backlog_files=backlog.files,
                backlog_bytes=backlog.bytes,
            ),
        )

    def _target(self) -> TargetTable:
        """The table; made without columns where it is not there, which come with the first load."""
        spark = self.run.session()
        if not DeltaLog(self.path).exists():
            spark.sql(f"CREATE TABLE {self.statement.target.sql()} USING delta")
        target = TargetTable.of(spark, self.statement)
        # Before a row is there: a statement by hand must not take what this one has taken.
        self.loads.are_of(target.table_id)
        return replace(target, name=self.table.full_name)
