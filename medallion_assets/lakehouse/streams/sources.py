"""The tables a silver or gold table reads: how far they are, and their names in its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import GoldTable, Lookup, SilverTable, Table


def read(table: Table) -> Mapping[str, Table]:
    """The tables it streams and looks up in, by the name under which its checkpoint notes them.

    A bronze table reads none.
    """
    if not isinstance(table, SilverTable):
        return streamed(table)
    looked_up = {lookup_name(lookup): lookup.table for lookup in table.lookups}
    return {**streamed(table), **looked_up}


def lookup_name(lookup: Lookup) -> str:
    """The name under which a checkpoint notes how far a lookup is followed."""
    return f"lookup {lookup.table.full_name} by {lookup.on_column}"


def streamed(table: Table) -> Mapping[str, Table]:
    """The streamed tables, by the name under which a checkpoint notes how far they are read."""
    if isinstance(table, GoldTable):
        return table.sources
    if not isinstance(table, SilverTable):
        return {}
    return {"source": table.source, **{f"join {t.full_name}": t for t in table.joins.values()}}


def versions(tables: Mapping[str, Table], lake: Lake) -> Mapping[str, TableVersion | None]:
    """Each table's version by the table's name, None where there is no table yet."""
    return {name: lake.log(of).version() for name, of in tables.items()}


def identity(table: SilverTable, lake: Lake) -> str:
    """What the table's stream reads, in whatever order that is declared."""
    joined = sorted(lake.source(of) for of in table.joins.values())
    return " and ".join([lake.source(table.source), *joined])
