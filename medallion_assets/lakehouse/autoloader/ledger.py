"""The file ledger: every file a stream ever discovered, and what became of it.

Three small Delta tables under the stream's checkpoint, written by the one run that holds the
stream's lock:

- `files`: path, size, modification time, discovery time and the micro-batch the file is in.
  Append-only; the stream of the bronze table reads it.
- `commits`: a row a micro-batch that is in the target, with rows and time.
- `failures`: files that could not be read, with the reason.

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

from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.delta_log import DeltaLog, TableVersion
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile

_INSTANT = pa.timestamp("us", tz="UTC")
_FILES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("modification_time", _INSTANT, nullable=False),
        pa.field("discovery_time", _INSTANT, nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
    ]
)
_COMMITS = pa.schema(
    [
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("commit_time", _INSTANT, nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
    ]
)
_FAILURES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("failure_time", _INSTANT, nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
_TABLES = {"files": _FILES, "commits": _COMMITS, "failures": _FAILURES}
COMPACT_BEYOND = 100
"""Files of one of the ledger's tables from which on they are put together."""

# A stream that pauses for a month must not find the log it has yet to read cleaned up: Delta drops
# such data without an error.
_PROPERTIES = {"delta.logRetentionDuration": "interval 3650 days"}


@dataclass(frozen=True)
class Backlog:
    """What is discovered and not yet in the target."""

    files: int
    bytes: int


@dataclass(frozen=True)
class KnownFiles:
    """What discovery leaves out.

    A path is taken once, also when the file changes later. Only a file that could not be read is
    taken again, once it has been replaced by another; one that was gone, once it is there.

    Args:
        paths: every path ever discovered.
        broken: the sizes and modification times under which the files failed that are not in the
            target.
    """

    paths: frozenset[str]
    broken: Mapping[str, set[tuple[int, int]]]

    def holds(self, file: LandedFile) -> bool:
        """Whether the file is known and need not be looked at."""
        if file.path not in self.paths:
            return False
        broken = self.broken.get(file.path)
        return broken is None or (file.size, file.modified_ns // 1000 * 1000) in broken


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
        for name, schema in _TABLES.items():
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
        for name in _TABLES:
            table = DeltaTable(self.directory / name)
            if len(table.file_uris()) > beyond:
                table.optimize.compact()
                table.create_checkpoint()
                compacted = True
        return compacted

    def known(self) -> KnownFiles:
        """Every path ever discovered."""
        files = self._read("files", ["path"])
        if files is None:
            return KnownFiles(frozenset(), {})
        failures = self.failures()
        broken: dict[str, set[tuple[int, int]]] = {path: set() for path in failures}
        some = self._discoveries(list(failures))
        for file in [] if some is None else _landed(some):
            if failures[file.path] != IT_IS_GONE:
                broken[file.path].add((file.size, file.modified_ns))
        return KnownFiles(frozenset(files.column("path").to_pylist()), broken)

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

    def discovered(self, batches: Iterable[Sequence[LandedFile]], first: int | None = None) -> int:
        """Append files, each sequence as one micro-batch and one commit.

        Args:
            batches: the files.
            first: the first one's number; the next free one where it is None.

        Returns:
            How many micro-batches were added.
        """
        number = self.next_batch() if first is None else first
        added = 0
        for batch in batches:
            write_deltalake(self.files_path, _file_rows(batch, number + added), mode="append")
            added += 1
        return added

    def batch(self, number: int) -> list[LandedFile]:
        """The files of one micro-batch."""
        rows = self._read("files", ["path", "size", "modification_time"], batch=number)
        return [] if rows is None else _landed(rows)

    def failed(self, batch: int, files: Sequence[FailedFile]) -> None:
        """Record files of a micro-batch that could not be taken."""
        if not files:
            return
        now = _now()
        rows = [
            {"path": f.path, "batch": batch, "failure_time": now, "reason": f.reason} for f in files
        ]
        table = pa.Table.from_pylist(rows, schema=_FAILURES)
        write_deltalake(self.directory / "failures", table, mode="append")

    def committed(self, batch: int, rows: int) -> None:
        """Record that a micro-batch is in the target."""
        table = pa.Table.from_pylist(
            [{"batch": batch, "commit_time": _now(), "rows": rows}], schema=_COMMITS
        )
        write_deltalake(self.directory / "commits", table, mode="append")

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
        files = self._read("files", ["size", "batch"])
        if files is None:
            return Backlog(0, 0)
        if after is not None:
            files = files.filter(pc.greater(files.column("batch"), after))
        return Backlog(files.num_rows, int(pc.sum(files.column("size")).as_py() or 0))

    def _discoveries(self, paths: Sequence[str]) -> pa.Table | None:
        """Every entry of the given files."""
        if not paths:
            return None
        every = self._read("files", ["path", "size", "modification_time", "batch"])
        if every is None:
            return None
        wanted = pa.array(sorted(set(paths)), pa.string())
        return every.filter(pc.is_in(every.column("path"), value_set=wanted))

    def _newest(self, name: str) -> int | None:
        rows = self._read(name, ["batch"])
        newest = None if rows is None else pc.max(rows.column("batch")).as_py()
        return None if newest is None else int(newest)

    def _read(self, name: str, columns: list[str], batch: int | None = None) -> pa.Table | None:
        if not (self.directory / name / "_delta_log").is_dir():
            return None
        wanted = None if batch is None else pc.field("batch") == batch
        dataset = DeltaTable(self.directory / name).to_pyarrow_dataset()
        return dataset.to_table(columns=columns, filter=wanted)


def _file_rows(files: Sequence[LandedFile], batch: int) -> pa.Table:
    now = _now()
    return pa.table(
        {
            "path": [file.path for file in files],
            "size": [file.size for file in files],
            "modification_time": pa.array(
                [file.modified_ns // 1000 for file in files], pa.int64()
            ).cast(_INSTANT),
            "discovery_time": pa.array([now] * len(files), _INSTANT),
            "batch": [batch] * len(files),
        },
        schema=_FILES,
    )


def _landed(rows: pa.Table) -> list[LandedFile]:
    modified = rows.column("modification_time").cast(pa.int64()).to_pylist()
    paths, sizes = rows.column("path").to_pylist(), rows.column("size").to_pylist()
    return [
        LandedFile(path, size, microseconds * 1000)
        for path, size, microseconds in zip(paths, sizes, modified, strict=True)
    ]


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)
