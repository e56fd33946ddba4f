"""The rows of the file ledger's tables, and what they are in Python."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

from medallion_assets.lakehouse.autoloader.discovery import LandedFile

INSTANT = pa.timestamp("us", tz="UTC")
FILES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("size", pa.int64(), nullable=False),
        pa.field("modification_time", INSTANT, nullable=False),
        pa.field("discovery_time", INSTANT, nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("cause", pa.string(), nullable=False),
    ]
)
ATTEMPTS = pa.schema(
    [
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("processed_time", INSTANT, nullable=False),
    ]
)
COMMITS = pa.schema(
    [
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("commit_time", INSTANT, nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
    ]
)
FAILURES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("failure_time", INSTANT, nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
ARCHIVED = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("batch", pa.int64(), nullable=False),
        pa.field("archive_time", INSTANT, nullable=False),
        pa.field("archive_mode", pa.string(), nullable=False),
        pa.field("move_location", pa.string()),
    ]
)
TABLES = {
    "files": FILES,
    "attempts": ATTEMPTS,
    "commits": COMMITS,
    "failures": FAILURES,
    "archived": ARCHIVED,
}


class Cause(str, Enum):
    """Why a file was entered."""

    LANDED = "landed"
    REPROCESS = "reprocess"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class ArchivedFile:
    """A file that was cleaned away: the entry it had, how, and where it is now."""

    path: str
    batch: int
    mode: str
    move_location: str | None = None


@dataclass(frozen=True)
class Entry:
    """A file as one of the ledger's micro-batches holds it."""

    file: LandedFile
    batch: int


@dataclass(frozen=True)
class Backlog:
    """What is discovered and not yet in the target.

    Attributes:
        files: how many files.
        bytes: their size.
        oldest: when the oldest of them was last modified; None where there is none.
    """

    files: int
    bytes: int
    oldest: datetime.datetime | None = None


def file_rows(files: Sequence[LandedFile], batch: int, cause: Cause) -> pa.Table:
    """Files as rows of the table `files`."""
    time = current_time()
    return pa.table(
        {
            "path": [file.path for file in files],
            "size": [file.size for file in files],
            "modification_time": pa.array(
                [file.modified_ns // 1000 for file in files], pa.int64()
            ).cast(INSTANT),
            "discovery_time": pa.array([time] * len(files), INSTANT),
            "batch": [batch] * len(files),
            "cause": [cause.value] * len(files),
        },
        schema=FILES,
    )


def landed_files(rows: pa.Table) -> list[LandedFile]:
    """The files in rows of the table `files`."""
    modified = rows.column("modification_time").cast(pa.int64()).to_pylist()
    paths, sizes = rows.column("path").to_pylist(), rows.column("size").to_pylist()
    return [
        LandedFile(path, size, microseconds * 1000)
        for path, size, microseconds in zip(paths, sizes, modified, strict=True)
    ]


def entries_of(rows: pa.Table) -> list[Entry]:
    """The files in rows of the table `files`, with their micro-batches."""
    numbers = rows.column("batch").to_pylist()
    return [Entry(file, batch) for file, batch in zip(landed_files(rows), numbers, strict=True)]


def current_time() -> datetime.datetime:
    """The time, as the ledger's tables hold it."""
    return datetime.datetime.now(datetime.timezone.utc)
