"""The bronze tables of the measured lakehouses that have several."""

from __future__ import annotations

from benchmarks.landed_table import LandedTable
from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory


def bronze_of(table: LandedTable) -> BronzeTable:
    """The bronze table of a landing directory, with the declared schema."""
    options = {"cloudFiles.maxFilesPerTrigger": "10000"}
    if table.format == "csv":
        options["header"] = "true"
    return BronzeTable(
        name=table.name,
        source=LandingDirectory(
            name=table.name, format=table.format, schema=table.ddl, options=options
        ),
    )
