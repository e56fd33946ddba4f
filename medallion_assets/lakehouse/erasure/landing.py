"""The landing files that rows of people came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.bronze import path_of_file
from medallion_assets.lakehouse.erasure.records import HeldFile
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.lakehouse.tables import BronzeTable

if TYPE_CHECKING:
    from pyspark.sql import Column, SparkSession


def held_files(
    spark: SparkSession, lake: Lake, table: BronzeTable, condition: Column
) -> list[HeldFile]:
    """The files that rows of a bronze table came from, where they are now; not those that are gone.

    Args:
        spark: the session.
        lake: where the table is.
        table: the table.
        condition: which rows.
    """
    rows = spark.read.format("delta").load(str(lake.path(table)))
    if "_file_path" not in rows.columns:
        return []
    paths = [r[0] for r in rows.where(condition).select(path_of_file()).distinct().collect()]
    moved = FileLedger(ledger_directory(lake.stream_directory(table))).moved()
    # A file may have landed again under the name of one that was moved away.
    places = {place for path in paths for place in (path, moved.get(path)) if place is not None}
    found = [HeldFile.now(table, place) for place in sorted(places)]
    return [file for file in found if file is not None]
