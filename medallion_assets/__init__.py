"""Bronze, silver and gold Delta tables as Dagster software-defined assets."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader import cloud_files_state, read_stream
from medallion_assets.lakehouse.changes.apply import AppliedChanges, apply_changes
from medallion_assets.lakehouse.copy_into.command import copy_into
from medallion_assets.lakehouse.session import start_spark

__all__ = [
    "AppliedChanges",
    "apply_changes",
    "cloud_files_state",
    "copy_into",
    "read_stream",
    "start_spark",
]
