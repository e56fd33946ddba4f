"""Bronze, silver and gold Delta tables as Dagster software-defined assets."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader import cloud_files_state, read_stream
from medallion_assets.lakehouse.changes.apply import AppliedChanges, apply_changes
from medallion_assets.lakehouse.changes.debezium import debezium_rows
from medallion_assets.lakehouse.changes.snapshots import apply_changes_from_snapshot
from medallion_assets.lakehouse.copy_into.command import copy_into
from medallion_assets.lakehouse.session import start_spark

__all__ = [
    "AppliedChanges",
    "apply_changes",
    "apply_changes_from_snapshot",
    "cloud_files_state",
    "copy_into",
    "debezium_rows",
    "read_stream",
    "start_spark",
]
