"""What one run did to one table: the numbers an orchestrator shows and checks judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from medallion_assets.lakehouse.kafka.offsets import Gap, Offsets
from medallion_assets.lakehouse.quality.expectations import ExpectationCount

IT_IS_GONE = "it is gone"
"""The reason of a file that vanished between discovery and reading."""


@dataclass(frozen=True)
class FailedFile:
    """A file that could not be taken, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Files:
    """Files of a landing directory in a run.

    Attributes:
        taken: some of the files whose rows are in the table.
        taken_count: how many there are.
        bytes_taken: their size.
        failed: files that could not be read.
        backlog_files: discovered and not taken yet.
        backlog_bytes: their size.
        columns_added: columns that are new with this run.
        cleaned: files deleted or moved by cleanSource.
        cleaned_bytes: their size.
        not_cleaned: files that cleanSource could not delete or move.
    """

    taken: tuple[str, ...] = ()
    taken_count: int = 0
    bytes_taken: int = 0
    failed: tuple[FailedFile, ...] = ()
    backlog_files: int = 0
    backlog_bytes: int = 0
    columns_added: tuple[str, ...] = ()
    cleaned: int = 0
    cleaned_bytes: int = 0
    not_cleaned: tuple[FailedFile, ...] = ()


@dataclass(frozen=True)
class Events:
    """Events of topics in a run.

    Attributes:
        began: the offsets the run began at.
        ended: those up to which it has read.
        lost: what was gone before it was read, with this run.
        lost_before: the same of earlier runs.
        backlog: how many offsets are still to be read.
        oldest_unread_seconds: how long ago the oldest unread event was written; None where there
            is none.
    """

    began: Offsets
    ended: Offsets
    lost: tuple[Gap, ...] = ()
    lost_before: tuple[Gap, ...] = ()
    backlog: int = 0
    oldest_unread_seconds: float | None = None


@dataclass(frozen=True)
class Rows:
    """Rows of a run, by what became of them.

    Attributes:
        read: rows after the transform.
        kept: rows that passed the expectations that remove rows; counted on their own, so that
            `conserved` compares two counts.
        written: rows the table took, by the commit's own metrics.
        superseded: kept rows that another change of their key outranks.
        quarantined: rows in the quarantine.
        dropped: rows left out by `expect_or_drop`.
        inserted: of the written rows, those with a new key, or appended.
        updated: of the written rows, those that replaced another.
        deleted: of the written rows, those that removed their key.
        rescued: rows with `_rescued_data`.
        corrupt: rows with `_corrupt_record`.
        late: rows of the streams that came behind the watermark; they are in the late table.
    """

    read: int = 0
    kept: int = 0
    written: int = 0
    superseded: int = 0
    quarantined: int = 0
    dropped: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rescued: int = 0
    corrupt: int = 0
    late: int = 0

    def __add__(self, other: Rows) -> Rows:
        pairs = zip(self._all(), other._all(), strict=True)
        return Rows(*(mine + theirs for mine, theirs in pairs))

    def _all(self) -> tuple[int, ...]:
        return tuple(getattr(self, name) for name in self.__dataclass_fields__)

    @property
    def conserved(self) -> bool:
        """Whether every row that was read ended somewhere."""
        return (
            self.read == self.kept + self.quarantined + self.dropped
            and self.kept == self.written + self.superseded
        )


@dataclass(frozen=True)
class RescuedColumn:
    """The rescued values of one column of a run.

    Attributes:
        name: of the column, or of the field that has none.
        rows: in which it was rescued.
        has: the column's type; empty where there is none.
        fits: the type that holds the values that are stored and those that were rescued; empty
            where it is not the type that they lack.
        example: one of the values.
    """

    name: str
    rows: int
    has: str
    fits: str
    example: str

    def __add__(self, other: RescuedColumn) -> RescuedColumn:
        fits = self.fits if self.fits == other.fits else "string"
        return RescuedColumn(self.name, self.rows + other.rows, self.has, fits, self.example)


@dataclass(frozen=True)
class Materialization:
    """One run of one table's stream, until nothing was left or it was stopped.

    Attributes:
        table: `<layer>.<name>`.
        batches: micro-batches committed; 0 means there was nothing new and nothing was committed.
        rows: what happened to the rows.
        expectations: the rules' counts over `rows.read`.
        files: of a bronze table's landing directory.
        events: of a bronze table's topics.
        rescued: the columns of a bronze table whose values were rescued.
        seconds: the run's duration, and of its parts by name.
    """

    table: str
    batches: int = 0
    rows: Rows = field(default_factory=Rows)
    expectations: tuple[ExpectationCount, ...] = ()
    files: Files | None = None
    events: Events | None = None
    rescued: tuple[RescuedColumn, ...] = ()
    seconds: float = 0.0

    def __add__(self, other: Materialization) -> Materialization:
        """What two steps of one run did to the same table."""
        others = {count.name: count for count in other.expectations}
        return replace(
            self,
            batches=self.batches + other.batches,
            rows=self.rows + other.rows,
            expectations=tuple(
                count + others[count.name] if count.name in others else count
                for count in self.expectations
            ),
            rescued=_together((*self.rescued, *other.rescued)),
            seconds=self.seconds + other.seconds,
        )

    def with_seconds(self, seconds: float) -> Materialization:
        """The same, with its duration."""
        return replace(self, seconds=seconds)


def _together(parts: Iterable[RescuedColumn]) -> tuple[RescuedColumn, ...]:
    """A column once."""
    found: dict[str, RescuedColumn] = {}
    for part in parts:
        found[part.name] = found[part.name] + part if part.name in found else part
    return tuple(sorted(found.values(), key=lambda column: (-column.rows, column.name)))
