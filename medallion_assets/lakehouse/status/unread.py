"""How far a table's stream has read the tables above it."""

from __future__ import annotations

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status.table_status import Unread
from medallion_assets.lakehouse.streams import sources
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import Table


def unread(table: Table, lake: Lake) -> tuple[Unread, ...]:
    """Each table that a silver or gold table reads, and how far it has read it."""
    noted = sources.read(table)
    # Before the checkpoint: what a run reads in between is then not taken for unread.
    versions = sources.versions(noted, lake)
    consumed = Checkpoint(lake.stream_directory(table)).consumed() if noted else {}
    found = []
    for name, of in noted.items():
        newest, read = versions[name], consumed.get(name)
        # A table that was made anew at the same place has not been read.
        same = newest is not None and read is not None and read.table_id == newest.table_id
        number = read.version if same and read is not None else None
        first = -1 if number is None else number
        since = None
        if newest is not None and newest.version > first:
            since = lake.log(of).committed_at(first + 1)
        found.append(Unread(of.full_name, newest.version if newest else None, number, since))
    return tuple(found)
