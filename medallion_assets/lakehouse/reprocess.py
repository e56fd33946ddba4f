"""Take files of a bronze table again, without a new checkpoint and without a row twice."""

from __future__ import annotations

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.autoloader import reprocess as files
from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.reprocess import Requested, Wanted
from medallion_assets.lakehouse.erasure.records import check_not_brought_back, standing_files
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    CopiedDirectory,
    KafkaTopics,
    Lakehouse,
    SilverTable,
)


def reprocess(table: BronzeTable, lake: Lake, wanted: Wanted, *, owner: str) -> Requested:
    """Let the table's next run take files again, in the place of the rows it has from them.

    Args:
        table: the table.
        lake: where it is.
        wanted: which files.
        owner: who asks, for another run's message.

    Raises:
        OptionError: a file is named that the table never took.
        ErasedRowsError: a file holds rows of people who were erased.
        TableLockedError: a run holds the table. Trying again helps.
    """
    if isinstance(table.source, CopiedDirectory):
        raise OptionError(
            f"{table.full_name} is loaded by COPY INTO, which appends and replaces nothing. "
            f"Recreate it instead: `medallion rebuild bronze/{table.name}`."
        )
    if isinstance(table.source, KafkaTopics):
        raise OptionError(
            f"{table.full_name} is read from topics and has no files. Recreate it from what the "
            f"topics still have: `medallion rebuild bronze/{table.name}`."
        )
    directory = lake.landing_path(table.source)
    with locks.hold(lake.lock_path(table), table.full_name, owner):
        held = (LandedFile(f.path, f.size, f.modified_ns) for f in standing_files(lake))
        check_not_brought_back(lake, table, [f.path for f in held if wanted.holds(directory, f)])
        return files.reprocess(
            directory,
            FileLedger(ledger_directory(lake.stream_directory(table))),
            table.source.cloud_files_options(),
            wanted,
        )


def appended_from(lakehouse: Lakehouse, table: BronzeTable) -> tuple[SilverTable, ...]:
    """The silver tables that would take rows twice: nothing in them says which row is newer."""
    return tuple(
        silver
        for silver in lakehouse.tables
        if isinstance(silver, SilverTable)
        and table in silver.streams.values()
        and silver.change_rules is None
    )
