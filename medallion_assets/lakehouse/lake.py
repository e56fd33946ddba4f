"""Where everything of a lake is: tables, streams, landing directories.

```
<lake>/bronze/orders                         a Delta table, readable by path by any Delta reader
<lake>/silver/orders_quarantine              its quarantine
<lake>/silver/visits_late                    rows that came behind a table's watermark
<lake>/_medallion/streams/silver.orders/0    checkpoint of the table's stream, generation 0
<lake>/_medallion/rebuild/silver.orders/1    a rebuild in the making
<lake>/_medallion/locks/silver.orders.lock   held by the run that writes the table
<lake>/_medallion/erasures                   what was erased when, without a word on whom
```
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.tables import SilverTable, Source, Table

GENERATION = "medallion.generation"
"""The transaction id under which a table's own log records which generation of streams fills it."""


@dataclass(frozen=True)
class Lake:
    """The directories of one lake and its landing root, both absolute."""

    root: Path
    landing: Path

    @classmethod
    def from_environment(cls, project: Path) -> Lake:
        """`MEDALLION_LAKE` and `MEDALLION_LANDING`, or `data/lake` and `data/landing`."""
        return cls(
            root=_directory("MEDALLION_LAKE", project / "data" / "lake"),
            landing=_directory("MEDALLION_LANDING", project / "data" / "landing"),
        )

    def path(self, table: Table) -> Path:
        """The directory of the Delta table."""
        return self.root / table.layer.value / table.name

    def target(self, table: Table) -> str:
        """What the table's stream writes, for the identity of its checkpoint.

        By name, not by path: a lake that is moved or mounted elsewhere keeps its streams.
        """
        return table.full_name

    def source(self, table: Table) -> str:
        """What a stream over the table reads: a rebuild of the table makes it another source."""
        return f"{table.full_name} generation {self.generation(table)}"

    def quarantine_path(self, table: SilverTable) -> Path:
        """The directory of the table's quarantine."""
        return self.path(table).with_name(table.quarantine_name)

    def late_path(self, table: SilverTable) -> Path:
        """The directory of the rows that came behind the table's watermark."""
        return self.path(table).with_name(table.late_name)

    def tombstones_path(self, table: SilverTable, generation: int | None = None) -> Path:
        """The keys a merged table has deleted; they belong to the generation of its stream."""
        return self.stream_directory(table, generation) / "_tombstones"

    def events_path(self, table: SilverTable, generation: int | None = None) -> Path:
        """The changes a table with history was made of; they belong to the same generation."""
        return self.stream_directory(table, generation) / "_events"

    def landing_path(self, source: Source) -> Path:
        """The directory in which the source's files land."""
        return self.landing / source.name

    def log(self, table: Table) -> DeltaLog:
        """The table's Delta log."""
        return DeltaLog(self.path(table))

    def generation(self, table: Table) -> int:
        """Which generation of streams fills the table; a rebuild raises it by one."""
        return self.log(table).transaction_version(GENERATION) or 0

    def stream_directory(self, table: Table, generation: int | None = None) -> Path:
        """The checkpoint of the table's stream; one directory a generation, never deleted."""
        number = self.generation(table) if generation is None else generation
        return self.root / "_medallion" / "streams" / table.full_name / str(number)

    def generations(self, table: Table) -> tuple[int, ...]:
        """Every generation of the table's stream there is a checkpoint of, in order."""
        directory = self.stream_directory(table, 0).parent
        return tuple(sorted(int(e.name) for e in directory.glob("*") if e.name.isdigit()))

    def rebuild_root(self, table: Table, generation: int) -> Path:
        """A lake of its own in which the table's next generation is built."""
        return self.root / "_medallion" / "rebuild" / table.full_name / str(generation)

    def lock_path(self, table: Table) -> Path:
        """The file the writing run locks."""
        return self.root / "_medallion" / "locks" / f"{table.full_name}.lock"

    def live_lock_path(self, table: Table) -> Path:
        """The file a live job locks as long as it goes on, against another one."""
        return self.lock_path(table).with_name(f"{table.full_name}.live.lock")

    @property
    def erasures(self) -> Path:
        """The directory of the records of erasures."""
        return self.root / "_medallion" / "erasures"


def _directory(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).expanduser().resolve()
