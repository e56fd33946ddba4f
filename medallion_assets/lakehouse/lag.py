"""How far a table is behind the tables it reads: from its checkpoint and their logs, no Spark.

It says what a run of the table would find out in its first milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lookups import Lookups
from medallion_assets.lakehouse.streams import sources
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import GoldTable, SilverTable

_MARK_CHARACTERS = 16


@dataclass(frozen=True)
class Lag:
    """What a silver or gold table has not read yet.

    Attributes:
        unread: the full names of the tables with a version it has not read to the end. Empty too
            where a run can do nothing, as one of them is not there.
        mark: how far the table is and how far those it reads are, in short: it moves when either
            does.
    """

    unread: tuple[str, ...]
    mark: str

    @classmethod
    def of(cls, table: SilverTable | GoldTable, lake: Lake) -> Lag:
        """Compare the table's checkpoint with the tables it reads."""
        checkpoint = Checkpoint(lake.stream_directory(table))
        consumed, streamed = checkpoint.consumed(), _streamed(table, lake)
        unread = [
            _full_name(table, name)
            for name, version in streamed.items()
            if consumed.get(name) != version
        ]
        followed = list(streamed.items())
        if isinstance(table, SilverTable):
            for name, (lookup, _, now) in Lookups(table, lake, checkpoint).changed().items():
                unread.append(lookup.table.full_name)
                followed.append((name, now))
        startable = all(version is not None for version in streamed.values())
        return cls(tuple(unread) if startable else (), _mark(sorted(consumed.items()), followed))


def _streamed(table: SilverTable | GoldTable, lake: Lake) -> Mapping[str, TableVersion | None]:
    """The versions of the streamed tables, by the names under which a checkpoint notes them."""
    if isinstance(table, SilverTable):
        return sources.versions(table, lake)
    return {name: lake.log(source).version() for name, source in table.sources.items()}


def _full_name(table: SilverTable | GoldTable, noted: str) -> str:
    if isinstance(table, GoldTable):
        return table.sources[noted].full_name
    return table.source.full_name if noted == "source" else noted.removeprefix("join ")


def _mark(*states: object) -> str:
    return hashlib.sha256(repr(states).encode()).hexdigest()[:_MARK_CHARACTERS]
