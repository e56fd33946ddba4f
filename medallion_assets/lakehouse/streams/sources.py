"""The tables a silver table streams: how far they are, and who they are to its checkpoint."""

from __future__ import annotations

from collections.abc import Mapping

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import SilverTable, Table


def streamed(table: SilverTable) -> Mapping[str, Table]:
    """The streamed tables, by the name under which a checkpoint notes how far they are read."""
    return {"source": table.source, **{f"join {t.full_name}": t for t in table.joins.values()}}


def versions(table: SilverTable, lake: Lake) -> Mapping[str, TableVersion | None]:
    """Each streamed table's version, None where there is no table yet.

    By the name under which a checkpoint notes it.
    """
    return {name: lake.log(of).version() for name, of in streamed(table).items()}


def identity(table: SilverTable, lake: Lake) -> str:
    """What the table's stream reads, in whatever order that is declared."""
    joined = sorted(lake.source(of) for of in table.joins.values())
    return " and ".join([lake.source(table.source), *joined])
