"""The file ledger: every file a stream ever discovered, and what became of it.

Five small Delta tables under the stream's checkpoint, written by the one run that holds the
stream's lock:

- `files`: path, size, modification time, discovery time, the micro-batch the file is in, and why it
  was entered. Append-only; the stream of the bronze table reads it.
- `attempts`: a row each time a micro-batch is begun.
- `commits`: a row a micro-batch that is in the target, with rows and time.
- `failures`: files that could not be read, with the reason.
- `archived`: files that were deleted or moved once their rows were in the target.

Whether a micro-batch is in a Delta target is known from the target's own log (`txnVersion`), in
the same commit as the rows; `commits` repeats it for people and is caught up at the next start.
Paths are kept as the file system spells them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile
from medallion_assets.lakehouse.autoloader.ledger_rows import (
    FILES,
    TABLES,
    ArchivedFile,
    Backlog,
    Cause,
    Entry,
    current_time,
    entries_of,
    file_rows,
    landed_files,
)
from medallion_assets.lakehouse.delta_log import DeltaLog, TableVersion
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile
from medallion_assets.lakehouse.opened_tables import opened_table

COMPACT_BEYOND = 100
"""Files of one of the ledger's tables from which on they are put together."""

# A stream that pauses for a month must not find the log it has yet to read cleaned up: Delta drops
# such data without an error.
_PROPERTIES = {"delta.logRetentionDuration": "interval 3650 days"}


@dataclass(frozen=True)
class FileLedger:
    """The ledger at a directory; its tables are made with the first entry."""

    directory: Path

    @property
    def files_path(self) -> Path:
        """The Delta table of files, which the stream reads."""
        return self.directory / "files"

    def version(self) -> TableVersion | None:
        """The version of the table of files; it grows with every discovery."""
        return DeltaLog(self.files_path).version()

    def create(self) -> None:
        """Make the tables where they are missing."""
        for name, schema in TABLES.items():
            # Asked first, as that is answered from memory where nothing has changed.
            if DeltaLog(self.directory / name).version() is None:
                DeltaTable.create(
                    self.directory / name, schema, mode="ignore", configuration=_PROPERTIES
                )

    def compact(self, beyond: int = COMPACT_BEYOND) -> bool:
        """Put the many small files of the ledger's tables together.

        Each run adds a file to each table; reading thousands of them is what would make a no-op
        slow. Compaction moves no data as Delta counts it, so the stream that reads the ledger does
        not see it.

        Args:
            beyond: the number of files from which on it is worth it.

        Returns:
            Whether anything was put together.
        """
        compacted = False
        for name in TABLES:
            if len(opened_table(self.directory / name).file_uris()) > beyond:
                table = DeltaTable(self.directory / name)
                table.optimize.compact()
                table.create_checkpoint()
                compacted = True
        return compacted

    def known(self, *, by_version: bool = False) -> KnownFiles:
        """Every path ever discovered.

        Args:
            by_version: every version of every path instead, as `cloudFiles.allowOverwrites` wants.
        """
        files = self._read("files", ["path", *(["size", "modification_time"] * by_version)])
        if files is None:
            return KnownFiles(by_version=by_version)
        failures = self.failures()
        broken: dict[str, set[tuple[int, int]]] = {path: set() for path in failures}
        some = self._discoveries(list(failures))
        for file in [] if some is None else landed_files(some):
            if failures[file.path] != IT_IS_GONE:
                broken[file.path].add((file.size, file.modified_ns))
        return KnownFiles.of(files, broken, by_version=by_version)

    def last_batch(self) -> int | None:
        """The number of the newest micro-batch, None where nothing was ever discovered."""
        return self._newest("files")

    def next_batch(self) -> int:
        """The number of the next micro-batch: above all that were discovered or noted as done."""
        known = (self.last_batch(), self.last_commit())
        return max((number for number in known if number is not None), default=-1) + 1

    def untouched(self) -> bool:
        """Whether nothing was ever entered, not even that there was nothing."""
        version = self.version()
        return version is None or version.version == 0

    def last_commit(self) -> int | None:
        """The newest micro-batch in `commits`."""
        return self._newest("commits")

    def discovered(
        self,
        batches: Iterable[Sequence[LandedFile]],
        first: int | None = None,
        cause: Cause = Cause.LANDED,
    ) -> int:
        """Append files, each sequence as one micro-batch and one commit.

        Args:
            batches: the files.
            first: the first one's number; the next free one where it is None.
            cause: why they are entered.

        Returns:
            How many micro-batches were added.
        """
        number = self.next_batch() if first is None else first
        added = 0
        table: DeltaTable | None = None
        for batch in batches:
            # Opened once: a log of a thousand commits takes longer to read than to write to.
            table = DeltaTable(self.files_path) if table is None else table
            write_deltalake(table, file_rows(batch, number + added, cause), mode="append")
            added += 1
        return added

    def discovered_as_one(
        self,
        chunks: Iterable[Sequence[LandedFile]],
        number: int,
        cause: Cause = Cause.LANDED,
    ) -> None:
        """Append files as one micro-batch and one commit, of which only a chunk is held at a time.

        Args:
            chunks: the files.
            number: the micro-batch's.
            cause: why they are entered.
        """
        rows = (file_rows(files, number, cause) for files in chunks)
        batches = (batch for some in rows for batch in some.to_batches())
        reader = pa.RecordBatchReader.from_batches(FILES, batches)
        write_deltalake(self.files_path, reader, mode="append")

    def batch(self, number: int) -> list[LandedFile]:
        """The files of one micro-batch."""
        rows = self._read("files", ["path", "size", "modification_time"], batch=number)
        return [] if rows is None else landed_files(rows)

    def replaced(self, number: int) -> list[str]:
        """The files of a micro-batch whose earlier rows it replaces."""
        rows = self._read("files", ["path", "cause"], batch=number)
        if rows is None:
            return []
        again = rows.filter(pc.equal(rows.column("cause"), Cause.REPROCESS.value))
        return [str(path) for path in again.column("path").to_pylist()]

    def committed_batches(self) -> set[int]:
        """The micro-batches that are in the target."""
        commits = self._read("commits", ["batch"])
        return set() if commits is None else set(commits.column("batch").to_pylist())

    def loaded(self) -> KnownFiles:
        """The paths whose rows are in the target; not those a micro-batch left out."""
        files, commits = self._read("files", ["path", "batch"]), self._read("commits", ["batch"])
        if files is None or commits is None:
            return KnownFiles()
        loaded = files.join(commits, keys="batch", join_type="left semi")
        failures = self._read("failures", ["path", "batch"])
        if failures is not None and failures.num_rows:
            loaded = loaded.join(failures, keys=["path", "batch"], join_type="left anti")
        return KnownFiles(loaded.column("path"))

    def attempted(self, batch: int) -> None:
        """Record that a micro-batch is begun."""
        self._append("attempts", [{"batch": batch, "processed_time": current_time()}])

    def failed(self, batch: int, files: Sequence[FailedFile]) -> None:
        """Record files of a micro-batch that could not be taken."""
        if not files:
            return
        time = current_time()
        rows = [
            {"path": f.path, "batch": batch, "failure_time": time, "reason": f.reason}
            for f in files
        ]
        self._append("failures", rows)

    def committed(self, batch: int, rows: int) -> None:
        """Record that a micro-batch is in the target."""
        self._append("commits", [{"batch": batch, "commit_time": current_time(), "rows": rows}])

    def rows(self) -> int:
        """How many rows were taken, as far as the target tells."""
        commits = self._read("commits", ["rows"])
        return 0 if commits is None else int(pc.sum(commits.column("rows")).as_py() or 0)

    def archived(self, files: Sequence[ArchivedFile]) -> None:
        """Record files that were cleaned away."""
        time = current_time()
        rows = [
            {
                "path": file.path,
                "batch": file.batch,
                "archive_time": time,
                "archive_mode": file.mode,
                "move_location": file.move_location,
            }
            for file in files
        ]
        if rows:
            self._append("archived", rows)

    def moved(self) -> dict[str, str]:
        """Path to where it is now, of every file that was moved away."""
        rows = self._read("archived", ["path", "move_location"])
        found = [] if rows is None else rows.to_pylist()
        return {row["path"]: row["move_location"] for row in found if row["move_location"]}

    def newest(self) -> pa.Table:
        """Of each file its newest entry: path, size, modification_time, batch, cause."""
        columns = [name for name in FILES.names if name != "discovery_time"]
        files = self._read("files", columns)
        if files is None:
            return FILES.empty_table().select(columns)
        last = files.group_by("path").aggregate([("batch", "max")])
        last = last.rename_columns(["path", "batch"])
        return files.join(last, keys=["path", "batch"], join_type="inner")

    def cleanable(self, committed_before: datetime.datetime) -> list[Entry]:
        """Files whose newest content is in the target since before a time, and not archived."""
        commits = self._read("commits", ["batch", "commit_time"])
        if commits is None:
            return []
        old = commits.group_by("batch").aggregate([("commit_time", "max")])
        old = old.filter(pc.less(old.column("commit_time_max"), committed_before))
        entries = self.newest().join(old.select(["batch"]), keys="batch", join_type="inner")
        entries = entries.filter(pc.not_equal(entries.column("cause"), Cause.SKIPPED.value))
        for name in ("failures", "archived"):
            gone = self._read(name, ["path", "batch"])
            if gone is not None and gone.num_rows:
                entries = entries.join(gone, keys=["path", "batch"], join_type="left anti")
        return entries_of(entries)

    def entries(self) -> list[Entry]:
        """Every file, with its newest content."""
        return entries_of(self.newest())

    def failures(self) -> dict[str, str]:
        """Path to reason, of every file that could not be taken and was not taken since."""
        rows = self._read("failures", ["path", "batch", "reason"])
        if rows is None or not rows.num_rows:
            return {}
        failed = {(row["path"], row["batch"]): row["reason"] for row in rows.to_pylist()}
        newest: dict[str, int] = {}
        found = self._discoveries([path for path, _ in failed])
        for row in [] if found is None else found.select(["path", "batch"]).to_pylist():
            newest[row["path"]] = max(row["batch"], newest.get(row["path"], -1))
        return {
            path: reason for (path, batch), reason in failed.items() if newest.get(path) == batch
        }

    def backlog(self, after: int | None) -> Backlog:
        """Files of the micro-batches after the given, the newest in the target."""
        files = self._read("files", ["size", "modification_time", "batch"])
        if files is None:
            return Backlog(0, 0)
        if after is not None:
            files = files.filter(pc.greater(files.column("batch"), after))
        oldest = pc.min(files.column("modification_time")).as_py()
        return Backlog(files.num_rows, int(pc.sum(files.column("size")).as_py() or 0), oldest)

    def _discoveries(self, paths: Sequence[str]) -> pa.Table | None:
        """Every entry of the given files."""
        if not paths:
            return None
        every = self._read("files", ["path", "size", "modification_time", "batch"])
        if every is None:
            return None
        wanted = pa.array(sorted(set(paths)), pa.string())
        return every.filter(pc.is_in(every.column("path"), value_set=wanted))

    def _append(self, name: str, rows: Sequence[Mapping[str, object]]) -> None:
        table = pa.Table.from_pylist(rows, schema=TABLES[name])
        write_deltalake(self.directory / name, table, mode="append")

    def _newest(self, name: str) -> int | None:
        rows = self._read(name, ["batch"])
        newest = None if rows is None else pc.max(rows.column("batch")).as_py()
        return None if newest is None else int(newest)

    def _read(self, name: str, columns: list[str], batch: int | None = None) -> pa.Table | None:
        if not (self.directory / name / "_delta_log").is_dir():
            return None
        wanted = None if batch is None else pc.field("batch") == batch
        dataset = opened_table(self.directory / name).to_pyarrow_dataset()
        return dataset.to_table(columns=columns, filter=wanted)
