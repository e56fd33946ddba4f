"""Records of erasures: what was erased when, and where more of it may be. They name no person.

An erased person's rows are still in the landing files they came from, and perhaps in the state of a
stream that remembers rows. A record names both before anything is erased, so that they are known
even when the erasure is broken off: from the tables they can't be found any more.
"""

from __future__ import annotations

import datetime
import json
import os
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medallion_assets.lakehouse.errors import ErasedRowsError
from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, Table


@dataclass(frozen=True, order=True)
class HeldFile:
    """A landing file that held rows of erased people, as it was then."""

    table: str
    path: str
    size: int
    modified_ns: int

    @classmethod
    def now(cls, table: Table, path: str) -> HeldFile | None:
        """The file as it is now, None where it is gone."""
        try:
            seen = os.stat(path)
        except OSError:
            return None
        return cls(table.full_name, path, seen.st_size, seen.st_mtime_ns)

    @property
    def stands(self) -> bool:
        """Whether it still is as it was."""
        try:
            seen = os.stat(self.path)
        except OSError:
            return False
        return (seen.st_size, seen.st_mtime_ns) == (self.size, self.modified_ns)


@dataclass(frozen=True, order=True)
class HeldState:
    """The state of a stream that may have rows of erased people."""

    table: str
    generation: int


@dataclass(frozen=True)
class Record:
    """One erasure, in a file of its own."""

    path: Path
    begun: str
    names: tuple[str, ...]
    files: tuple[HeldFile, ...]
    states: tuple[HeldState, ...]

    @classmethod
    def begin(
        cls,
        lake: Lake,
        names: Sequence[str],
        files: Sequence[HeldFile],
        states: Sequence[HeldState],
    ) -> Record:
        """Write a new one."""
        now = datetime.datetime.now(datetime.timezone.utc)
        path = lake.erasures / f"{now:%Y%m%dT%H%M%SZ}-{uuid.uuid4().hex[:8]}.json"
        record = cls(path, now.isoformat(), tuple(names), tuple(files), tuple(states))
        record._write(None)
        return record

    def end(self, outcome: Mapping[str, Any]) -> None:
        """Add what became of it."""
        self._write(outcome)

    def _write(self, outcome: Mapping[str, Any] | None) -> None:
        content = {
            "begun": self.begun,
            "data_subject": self.names,
            "landing_files": [asdict(file) for file in self.files],
            "states": [asdict(state) for state in self.states],
            "outcome": outcome,
        }
        write_whole(self.path, content)


def standing_files(lake: Lake) -> tuple[HeldFile, ...]:
    """The landing files that hold rows of people erased at any time, and are as they were then."""
    found = {HeldFile(**file) for record in _records(lake) for file in record["landing_files"]}
    return tuple(sorted(file for file in found if file.stands))


def standing_states(lake: Lake, lakehouse: Lakehouse) -> tuple[HeldState, ...]:
    """The states that may have rows of people erased at any time, and are still used."""
    generations = {table.full_name: lake.generation(table) for table in lakehouse.tables}
    found = {HeldState(**state) for record in _records(lake) for state in record["states"]}
    return tuple(sorted(s for s in found if generations.get(s.table) == s.generation))


def check_not_brought_back(lake: Lake, table: BronzeTable, files: Sequence[str] | None) -> None:
    """Refuse to take files again that would bring erased people back.

    Args:
        lake: where the table is.
        table: the table.
        files: those that would be taken; None for all in the landing directory.

    Raises:
        ErasedRowsError: one of them held rows of people who were erased, and is as it was then.
    """
    held = [
        file.path
        for file in standing_files(lake)
        if file.table == table.full_name
        and lake.landing_path(table.source) in Path(file.path).parents
        and (files is None or file.path in files)
    ]
    if held:
        number = "1 file holds" if len(held) == 1 else f"{len(held)} files hold"
        raise ErasedRowsError(
            f"{table.full_name}: {number} rows of people who were erased, such as {held[0]}. "
            "Taking them again would bring these people back. Take their rows out of the files, or "
            "remove the files; or recreate the table and say whom to leave out: "
            f"medallion rebuild bronze/{table.name} --without NAME=VALUE"
        )


def _records(lake: Lake) -> Iterator[dict[str, Any]]:
    for path in sorted(lake.erasures.glob("*.json")):
        yield json.loads(path.read_text())
