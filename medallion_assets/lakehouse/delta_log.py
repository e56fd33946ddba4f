"""What a Delta table's log says, read without Spark.

Version, row count, schema and a few rows come from the log and the files' statistics (delta-rs),
in milliseconds and without a job. That is what lets a run with nothing new end before a JVM starts.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pyarrow as pa
from deltalake import QueryBuilder
from deltalake.exceptions import DeltaError, DeltaProtocolError, TableNotFoundError
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from medallion_assets.lakehouse.opened_tables import opened_table

if TYPE_CHECKING:
    from deltalake import DeltaTable

_NO_COLUMNS = "Cannot scan Delta table with empty schema"
_SQL_NAMES = {"byte": "tinyint", "short": "smallint", "integer": "int", "long": "bigint"}


@dataclass(frozen=True)
class TableVersion:
    """One version of one table; a table made anew at the same path has another id."""

    table_id: str
    version: int

    def __str__(self) -> str:
        return f"{self.table_id}:{self.version}"


ABSENT = TableVersion("absent", -1)
"""Stands for the version of a table that is not there."""


@dataclass(frozen=True)
class Stored:
    """The newest version of a table, from one opening of its log.

    Attributes:
        version: which that is.
        rows: how many there are.
        written_at: when it was committed; None where the log no longer says.
    """

    version: TableVersion
    rows: int
    written_at: datetime | None


@dataclass(frozen=True)
class Column:
    """A column as the log describes it: Delta's name of the type, nested types as JSON."""

    name: str
    type: str
    nullable: bool


@dataclass(frozen=True)
class DeltaLog:
    """The log of the table at a path; the table need not exist yet."""

    path: Path

    def exists(self) -> bool:
        """Whether there is a table, with columns or without."""
        if not (self.path / "_delta_log").is_dir():
            return False
        return self._open() is not None or any((self.path / "_delta_log").glob("*.json"))

    def version(self) -> TableVersion | None:
        """The newest version, None where there is no table."""
        table = self._open()
        return None if table is None else _version_of(table)

    def stored(self) -> Stored | None:
        """The newest version with its rows, None where there is no table."""
        table = self._open()
        if table is None:
            return None
        written = self.committed_at(table.version())
        return Stored(_version_of(table), _rows_of(table), written or _newest_file_of(table))

    def committed_at(self, version: int) -> datetime | None:
        """When a version was committed, by its own entry; None where that is gone."""
        entry = self.path / "_delta_log" / f"{version:020d}.json"
        try:
            with entry.open() as actions:
                said = next((line for line in actions if line.startswith('{"commitInfo"')), "{}")
        except FileNotFoundError:
            return None
        info = json.loads(said).get("commitInfo", {})
        milliseconds = info.get("inCommitTimestamp", info.get("timestamp"))
        return _moment(milliseconds)

    def version_number(self) -> int:
        """The number of the newest version, -1 where there is no table."""
        version = self.version()
        return -1 if version is None else version.version

    def schema(self) -> str:
        """The schema as JSON, with the columns' metadata.

        Raises:
            TableNotFoundError: there is no table.
        """
        return str(opened_table(self.path).schema().to_json())

    def transaction_version(self, application: str) -> int | None:
        """The last `txnVersion` committed under a `txnAppId`, None where there is none."""
        table = self._open()
        if table is None:
            return self._transaction_of_placeholder(application)
        return table.transaction_version(application)

    def row_count(self) -> int:
        """The number of rows, from the files' statistics."""
        table = self._open()
        return 0 if table is None else _rows_of(table)

    def size_in_bytes(self) -> int:
        """The size of the data files of the newest version."""
        table = self._open()
        if table is None:
            return 0
        sizes = table.get_add_actions().column("size_bytes").to_pylist()
        return sum(int(size) for size in sizes)

    def newest(self, column: str) -> datetime | None:
        """The highest value of a timestamp or date column, from the files' statistics.

        In UTC; to the millisecond, as Delta's statistics are. None where no file has a value.
        """
        table = self._open()
        if table is None:
            return None
        actions = table.get_add_actions(flatten=True)
        name = f"max.{column}"
        if name not in actions.schema.names:
            return None
        return _newest(actions.column(name).to_pylist())

    def columns(self) -> tuple[Column, ...]:
        """The schema's top-level columns."""
        table = self._open()
        if table is None:
            return ()
        fields = json.loads(table.schema().to_json())["fields"]
        return tuple(Column(f["name"], _type_name(f["type"]), bool(f["nullable"])) for f in fields)

    def properties(self) -> dict[str, str]:
        """The table's properties."""
        table = self._open()
        return {} if table is None else dict(table.metadata().configuration)

    def features(self) -> tuple[str, ...]:
        """The table features that its readers have to know."""
        table = self._open()
        return () if table is None else tuple(table.protocol().reader_features or ())

    def files(self) -> set[Path]:
        """The data files of the newest version."""
        table = self._open()
        if table is None:
            return set()
        added = table.get_add_actions()
        if not added.num_rows:
            return set()
        return {self.path / unquote(str(path)) for path in added.column("path").to_pylist()}

    def preview(self, rows: int) -> list[dict[str, Any]]:
        """A few rows, from as few files as hold them; none of a table that only Spark can read."""
        table = self._open()
        if table is None:
            return []
        if _marks_rows(table):
            return _asked(table, f"select * from rows limit {rows:d}")
        try:
            # Arrow reads ahead, and goes on with it when the rows are there. Through delta-rs' own
            # file system it would call Python from there, and abort a process that is ending.
            files = SubTreeFileSystem(str(self.path), LocalFileSystem())
            return list(table.to_pyarrow_dataset(filesystem=files).head(rows).to_pylist())
        except DeltaProtocolError:
            # delta-rs reads the log of a table with typeWidening, but not its files.
            return []

    def last_operation(self) -> dict[str, str]:
        """The newest commit's `operationMetrics`."""
        table = self._open()
        if table is None:
            return {}
        history = table.history(1)
        metrics = history[0].get("operationMetrics", {}) if history else {}
        return {str(name): str(value) for name, value in metrics.items()}

    def _transaction_of_placeholder(self, application: str) -> int | None:
        """From the commits themselves, of which a table that has no columns has few."""
        found = None
        for commit in sorted((self.path / "_delta_log").glob("*.json")):
            for line in commit.read_text().splitlines():
                action = json.loads(line).get("txn", {})
                if action.get("appId") == application:
                    found = int(action["version"])
        return found

    def _open(self) -> DeltaTable | None:
        try:
            return opened_table(self.path)
        except TableNotFoundError:
            return None
        except DeltaError as error:
            if _NO_COLUMNS not in str(error):
                raise
            # A placeholder, which delta-rs does not open: it has neither rows nor columns yet.
            return None


def _moment(value: datetime | date | str | float | None) -> datetime | None:
    """What a log says of time.

    Numbers are milliseconds, days begin at midnight, times without a zone are UTC.
    """
    if isinstance(value, (int, float)):
        return datetime.fromtimestamp(value / 1000, timezone.utc)
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    return value if value.tzinfo is not None else value.replace(tzinfo=timezone.utc)


def _newest(values: Iterable[datetime | date | str | float | None]) -> datetime | None:
    moments = map(_moment, values)
    return max((moment for moment in moments if moment is not None), default=None)


def _version_of(table: DeltaTable) -> TableVersion:
    return TableVersion(str(table.metadata().id), table.version())


def _marks_rows(table: DeltaTable) -> bool:
    """Whether files may have rows that a deletion vector takes away."""
    return "deletionVectors" in (table.protocol().reader_features or ())


def _asked(table: DeltaTable, question: str) -> list[dict[str, Any]]:
    """What delta-rs' own reader answers, which heeds deletion vectors, about the table `rows`."""
    answer = QueryBuilder().register("rows", table).execute(question)
    return list(pa.table(answer.read_all()).to_pylist())


def _rows_of(table: DeltaTable) -> int:
    if _marks_rows(table):
        # The statistics count what is in the files, marked or not; this reads their footers.
        try:
            return int(_asked(table, "select count(*) as count from rows")[0]["count"])
        except DeltaError:
            # With typeWidening beside it delta-rs reads no file: marked rows count until rewritten.
            if "typeWidening" not in (table.protocol().reader_features or ()):
                raise
    actions = table.get_add_actions(flatten=True)
    counts: list[Any] = []
    if actions.num_rows:
        counts = list(actions.column("num_records").to_pylist())
    if any(count is None for count in counts):
        # Not table.count(), which counts a file without statistics as empty.
        return int(table.to_pyarrow_dataset().count_rows())
    return sum(int(count) for count in counts)


def _newest_file_of(table: DeltaTable) -> datetime | None:
    actions = table.get_add_actions()
    if not actions.num_rows:
        return None
    return _newest(actions.column("modification_time").to_pylist())


def _type_name(spelled: Any) -> str:
    if isinstance(spelled, str):
        return _SQL_NAMES.get(spelled, spelled)
    kind = spelled["type"]
    if kind == "array":
        return f"array<{_type_name(spelled['elementType'])}>"
    if kind == "map":
        return f"map<{_type_name(spelled['keyType'])},{_type_name(spelled['valueType'])}>"
    inner = ",".join(f"{f['name']}:{_type_name(f['type'])}" for f in spelled["fields"])
    return f"struct<{inner}>"
