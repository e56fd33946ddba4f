"""What there is to say of one table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from medallion_assets.lakehouse.delta_log import Stored
from medallion_assets.lakehouse.tables import Layer


@dataclass(frozen=True)
class Backlog:
    """What a source holds that its bronze table does not.

    Attributes:
        files: files that wait; None of topics.
        bytes: their size; None of topics.
        events: events that wait; None of files.
        oldest_seconds: how long ago the oldest of them was written; None where there is none.
        being_written: files that are too young to be taken, and do not count as waiting yet.
        complete: whether the look saw everything; otherwise there is at least so much.
        failed_files: files that could not be read, and were not replaced since.
        lost: what was gone before it was read.
    """

    files: int | None = None
    bytes: int | None = None
    events: int | None = None
    oldest_seconds: float | None = None
    being_written: int = 0
    complete: bool = True
    failed_files: int = 0
    lost: tuple[str, ...] = ()

    @property
    def waiting(self) -> int:
        """How many files or events wait."""
        return (self.files or 0) + (self.events or 0)


@dataclass(frozen=True)
class Unread:
    """How far a table has read another one.

    Attributes:
        table: the other one, `<layer>.<name>`.
        version: its newest version; None where it is not there.
        read: the version up to which it was read; None where that is none of this table.
        since: when the first unread version was committed; None where there is none, or its log no
            longer says.
    """

    table: str
    version: int | None
    read: int | None
    since: datetime | None = None

    @property
    def behind(self) -> int:
        """How many versions are unread."""
        if self.version is None:
            return 0
        # A run may have read more since the newest version was looked at.
        return max(0, self.version - (-1 if self.read is None else self.read))


@dataclass(frozen=True)
class TableStatus:
    """One table, as its log, its stream's checkpoint and its source tell it.

    Attributes:
        name: `<layer>.<name>`.
        layer: its layer.
        stored: version, rows and time of the last commit; None where there is no table yet.
        data_as_of: the newest event time of its rows; None where it declares none.
        backlog: of a bronze table's source; None of other tables, and where it can't be told.
        unread: of a silver or gold table, each table it reads.
        quarantine_rows: rows in its quarantine; None where it has none.
        late_rows: rows that came behind its watermark; None where it has none.
        errors: what could not be told, and why.
    """

    name: str
    layer: Layer
    stored: Stored | None = None
    data_as_of: datetime | None = None
    backlog: Backlog | None = None
    unread: tuple[Unread, ...] = ()
    quarantine_rows: int | None = None
    late_rows: int | None = None
    errors: tuple[str, ...] = ()

    @property
    def versions_behind(self) -> int:
        """How many versions of the tables it reads are unread."""
        return sum(other.behind for other in self.unread)

    @property
    def behind_since(self) -> datetime | None:
        """When the first unread version of any of them was committed."""
        times = [other.since for other in self.unread if other.since is not None]
        return min(times, default=None)
