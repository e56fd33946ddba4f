"""What erased rows leave behind on disk: old data files, and their values in the Delta log.

A delete writes new files; the old ones, the change data feed's, and what a deletion vector hides
stay until they are purged and vacuumed. The log keeps each file's lowest and highest values, and
the condition of the delete, until its entries before a checkpoint are removed.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TransientError
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CHANGE_DATA = "_change_data"
_INTERVAL = "delta.checkpointInterval"
_AT_EVERY_COMMIT = "1"
_NO_RETENTION = {
    "spark.databricks.delta.retentionDurationCheck.enabled": "false",
    # Two commits in the log of the table, which every stream over it would have to take.
    "spark.databricks.delta.vacuum.logging.enabled": "false",
}
_OF_VERSION = re.compile(r"(\d{20})\.")
_UNFINISHED = re.compile(r"\..*\.tmp\Z|_commit_.*\.tmp\Z")


def data_files(path: Path) -> set[Path]:
    """The Parquet files of a table that are on disk, the change data feed's included."""
    found = set()
    for directory, below, names in os.walk(path):
        # As VACUUM sees it: other hidden directories are not the table's.
        below[:] = [
            name
            for name in below
            if not name.startswith((".", "_")) or name == _CHANGE_DATA or "=" in name
        ]
        found |= {Path(directory, name) for name in names if name.endswith(".parquet")}
    return found


def old_files(path: Path) -> set[Path]:
    """Those of them that the table's version of now does not have."""
    return data_files(path) - DeltaLog(path).files()


def purge(spark: SparkSession, path: Path) -> None:
    """Rewrite the files of which a deletion vector hides rows."""
    if "deletionVectors" in DeltaLog(path).features():
        spark.sql(f"REORG TABLE delta.{quoted(str(path))} APPLY (PURGE)")


@dataclass(frozen=True)
class LogBeginning:
    """From where on a table's log can begin.

    Args:
        version: of a commit that changes no row, and has a checkpoint.
        interval: the table's own property, which that commit has replaced.
    """

    version: int
    interval: str


def begin_log(spark: SparkSession, path: Path) -> LogBeginning:
    """Commit a change of no row, with a checkpoint."""
    before = DeltaLog(path).properties().get(_INTERVAL, _AT_EVERY_COMMIT)
    _set_interval(spark, path, _AT_EVERY_COMMIT)
    return LogBeginning(DeltaLog(path).version_number(), before)


def end_log(spark: SparkSession, path: Path, begun: LogBeginning) -> None:
    """Put the table's property back, in a commit of its own.

    A stream that starts asks for the commits of its last micro-batch once more. It has to take this
    commit as a micro-batch of its own, so that none before the checkpoint is asked for.
    """
    if begun.interval != _AT_EVERY_COMMIT:
        _set_interval(spark, path, begun.interval)
        return
    spark.sql(
        f"ALTER TABLE delta.{quoted(str(path))} UNSET TBLPROPERTIES IF EXISTS ('{_INTERVAL}')"
    )


def _set_interval(spark: SparkSession, path: Path, interval: str) -> None:
    table = f"delta.{quoted(str(path))}"
    spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('{_INTERVAL}' = '{interval}')")


def vacuum(spark: SparkSession, path: Path) -> int:
    """Remove every file that the table's version of now does not have.

    Returns:
        How many there were.
    """
    if not old_files(path):
        return 0
    before = len(data_files(path))
    with _settings(spark, _NO_RETENTION):
        spark.sql(f"VACUUM delta.{quoted(str(path))} RETAIN 0 HOURS")
    return before - len(data_files(path))


def truncate_log(path: Path, begins: int) -> None:
    """Remove the log's entries before a checkpoint (Delta's protocol, metadata cleanup).

    Args:
        path: of the table.
        begins: the version of the checkpoint.

    Raises:
        TransientError: there is no checkpoint of that version or a later one.
    """
    log = path / "_delta_log"
    last = log / "_last_checkpoint"
    checkpoint = json.loads(last.read_text())["version"] if last.is_file() else -1
    if checkpoint < begins:
        raise TransientError(
            f"{path}: the checkpoint of version {begins} was not written, so that the log before "
            "it has to stay. Run the command again."
        )
    for entry in sorted(log.iterdir()):
        version = _OF_VERSION.match(entry.name)
        # A compacted entry begins with the version it begins at.
        past = version is not None and (
            int(version[1]) < begins or (".compacted." in entry.name and int(version[1]) <= begins)
        )
        if past or _UNFINISHED.match(entry.name):
            entry.unlink(missing_ok=True)


@contextmanager
def _settings(spark: SparkSession, given: dict[str, str]) -> Iterator[None]:
    """Settings of the session, for as long as the block runs."""
    before = {name: spark.conf.get(name, None) for name in given}
    for name, value in given.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name, had in before.items():
            if had is None:
                spark.conf.unset(name)
            else:
                spark.conf.set(name, had)
