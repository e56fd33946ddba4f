"""Tables whose merges mark the rows they replace instead of writing their files again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PROPERTY = "delta.enableDeletionVectors"


def enable_deletion_vectors(spark: SparkSession, path: Path) -> None:
    """Let what changes a table mark rows from now on; one that is not there yet is let be.

    A commit of its own, once: also for a table that was made before it was declared so.

    Args:
        spark: the session.
        path: the table.
    """
    log = DeltaLog(path)
    if log.columns() and log.properties().get(_PROPERTY) != "true":
        table = f"delta.{quoted(str(path))}"
        spark.sql(f"ALTER TABLE {table} SET TBLPROPERTIES ('{_PROPERTY}' = 'true')")
