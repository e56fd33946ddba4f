"""What an erasure did, and what is left."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from medallion_assets.lakehouse.erasure.found import Found
from medallion_assets.lakehouse.erasure.records import HeldFile, HeldState


@dataclass(frozen=True)
class Erased:
    """What was done to one store.

    Attributes:
        name: of the store.
        rows: erased; None where rows do not say whose they are.
        files_removed: old data files, the change data feed's included.
        version: the table's version afterwards.
        left: what a last look found.
    """

    name: str
    rows: int | None
    files_removed: int
    version: int
    left: Found


@dataclass(frozen=True)
class Erasure:
    """What was done, and what is left.

    Attributes:
        names: what the people go by; not who they are.
        stores: the tables, their quarantines, and what is kept beside them.
        landing_files: those that hold rows of people erased now or before.
        states: of streams that may remember such rows.
        notes: what was not looked into, in a sentence each.
        record: the file in which this is kept.
    """

    names: tuple[str, ...]
    stores: tuple[Erased, ...]
    landing_files: tuple[HeldFile, ...]
    states: tuple[HeldState, ...]
    notes: tuple[str, ...]
    record: Path

    @property
    def nothing_left(self) -> bool:
        """Whether nothing of the people is left in the lake."""
        return not self.states and all(store.left.nothing for store in self.stores)

    def outcome(self) -> dict[str, Any]:
        """What the record keeps of it."""
        return {
            "nothing_left": self.nothing_left,
            "tables": [asdict(store) for store in self.stores],
            "notes": list(self.notes),
        }
