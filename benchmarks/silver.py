"""Silver of a landed table: its newest row of each key."""

from __future__ import annotations

from benchmarks.bronze import bronze_of
from benchmarks.landed_table import LandedTable
from medallion_assets.lakehouse.tables import Lookup, SilverTable


def silver_of(landed: LandedTable, *lookups: Lookup) -> SilverTable:
    """The silver table, over the bronze table of the same name.

    Args:
        landed: the table as it lands.
        lookups: columns of other silver tables.
    """
    return SilverTable(
        name=landed.name,
        source=bronze_of(landed),
        transform=lambda rows: rows,
        keys=landed.keys,
        sequence_by=(landed.sequence,),
        lookups=lookups,
    )
