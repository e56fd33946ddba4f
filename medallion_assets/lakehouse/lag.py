"""How far a table is behind the tables it reads: from its checkpoint and their logs, no Spark.

It says what a run of the table would find out in its first milliseconds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from medallion_assets.lakehouse.delta_log import ABSENT
from medallion_assets.lakehouse.lake import Lake
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
        consumed = Checkpoint(lake.stream_directory(table)).consumed()
        read = sources.read(table)
        versions = sources.versions(read, lake)
        unread = tuple(
            of.full_name
            for name, of in read.items()
            if (consumed.get(name) or ABSENT) != (versions[name] or ABSENT)
        )
        startable = all(versions[name] is not None for name in sources.streamed(table))
        mark = _mark(sorted(consumed.items()), list(versions.items()))
        return cls(unread if startable else (), mark)


def _mark(*states: object) -> str:
    return hashlib.sha256(repr(states).encode()).hexdigest()[:_MARK_CHARACTERS]
