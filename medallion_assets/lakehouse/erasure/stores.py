"""Where rows of people are, or were: tables, and what the engine keeps beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import GoldTable, Lakehouse, SilverTable, Table


class Kind(str, Enum):
    """What a Delta table of a declared table holds."""

    ROWS = "rows"
    QUARANTINE = "quarantine"
    TOMBSTONES = "tombstones"
    EVENTS = "events"
    LATE = "late rows"


@dataclass(frozen=True)
class Store:
    """A Delta table below the lake.

    Args:
        name: for people: that of the declared table, and what of it this is.
        path: its directory.
        table: the declared table.
        kind: what it holds.
    """

    name: str
    path: Path
    table: Table = field(compare=False)
    kind: Kind

    @property
    def follows(self) -> bool:
        """Whether its rows go when those they are computed from have gone."""
        return isinstance(self.table, GoldTable)

    @property
    def has_late_rows(self) -> bool:
        """Whether it is a table's own rows, and late ones are kept beside them."""
        table = self.table
        return self.kind is Kind.ROWS and isinstance(table, SilverTable) and bool(table.watermarks)

    @property
    def log(self) -> DeltaLog:
        """Its Delta log."""
        return DeltaLog(self.path)


def concerned(lakehouse: Lakehouse, identifiers: Sequence[Identifier]) -> tuple[Table, ...]:
    """The tables that hold people's rows, and all that are made of those, in declared order.

    Raises:
        OptionError: no table has people who go by one of the names.
    """
    reached: set[str] = set()
    for name in dict.fromkeys(identifier.name for identifier in identifiers):
        holding = [table for table in lakehouse.tables if table.identifying(name)]
        if not holding:
            known = {name for table in lakehouse.tables for name in table.data_subject or ()}
            raise OptionError(
                f"No table declares {name!r} as its data_subject. Declared are: "
                f"{', '.join(sorted(known)) or 'none at all'}."
            )
        for table in holding:
            reached.update(below.full_name for below in lakehouse.downstream(table))
    return tuple(table for table in lakehouse.tables if table.full_name in reached)


def stores_of(table: Table, lake: Lake) -> tuple[Store, ...]:
    """The Delta tables of a declared table that are there; its own the last.

    Those of superseded generations count: a rebuild leaves them where they are.
    """
    found = []
    if isinstance(table, SilverTable):
        quarantine = f"{table.layer.value}.{table.quarantine_name}"
        found.append(Store(quarantine, lake.quarantine_path(table), table, Kind.QUARANTINE))
        late = f"{table.layer.value}.{table.late_name}"
        found.append(Store(late, lake.late_path(table), table, Kind.LATE))
        for number in lake.generations(table):
            for kind, path in (
                (Kind.TOMBSTONES, lake.tombstones_path(table, number)),
                (Kind.EVENTS, lake.events_path(table, number)),
            ):
                name = f"{table.full_name} {kind.value}"
                past = "" if number == lake.generation(table) else f" of generation {number}"
                found.append(Store(f"{name}{past}", path, table, kind))
    found.append(Store(table.full_name, lake.path(table), table, Kind.ROWS))
    # One without columns has no version here, and has never had a row.
    return tuple(store for store in found if store.log.version() is not None)


def check_there(tables: Sequence[Table], lake: Lake) -> None:
    """Refuse to say of a lake that is not there that nothing is left in it.

    Raises:
        OptionError: none of the tables is there.
    """
    if not any(stores_of(table, lake) for table in tables):
        names = ", ".join(table.full_name for table in tables)
        raise OptionError(f"None of {names} is below {lake.root}: is that the right lake?")
