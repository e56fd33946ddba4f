"""`cloud_files_state`: the state of every file a stream ever discovered, as a DataFrame."""

from __future__ import annotations

from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def cloud_files_state(spark: SparkSession, checkpoint: str | Path) -> DataFrame:
    """Every file of a stream with its times and its state, one row for each time it was entered.

    Columns as documented for Databricks' `cloud_files_state`: `path`, `size`, `create_time` (the
    modification time), `discovery_time`, `processed_time` (latest attempt), `commit_time`,
    `archive_time`, `archive_mode`, `move_location`, `source_id`, `flow_name`, `ingestion_state`
    (`discovered`, `processed`, `committed`, `failed`, `archived`, `skipped`); and besides `batch`,
    the micro-batch's number, and `failure_reason`.

    Args:
        spark: the session.
        checkpoint: the stream's checkpoint directory.

    Raises:
        OptionError: there is no file ledger in that directory.
    """
    from pyspark.sql import functions as F

    directory = ledger_directory(Path(str(checkpoint).removeprefix("file://")).resolve())
    if not (directory / "files" / "_delta_log").is_dir():
        raise OptionError(
            f"{checkpoint} holds no file ledger, so it is not the checkpoint of a cloudFiles "
            "stream, or the stream has not been started yet. Give its checkpointLocation."
        )

    def entries(name: str) -> DataFrame:
        return spark.read.format("delta").load(str(directory / name))

    latest = {
        "attempts": ("batch", F.max("processed_time").alias("processed_time")),
        "commits": ("batch", F.max("commit_time").alias("commit_time")),
    }
    found = reduce(
        lambda rows, name: rows.join(
            entries(name).groupBy(latest[name][0]).agg(latest[name][1]), "batch", "left"
        ),
        latest,
        entries("files"),
    )
    failures = (
        entries("failures")
        .groupBy("path", "batch")
        .agg(F.max_by("reason", "failure_time").alias("failure_reason"))
    )
    archived = (
        entries("archived")
        .groupBy("path", "batch")
        .agg(
            F.max("archive_time").alias("archive_time"),
            F.max_by("archive_mode", "archive_time").alias("archive_mode"),
            F.max_by("move_location", "archive_time").alias("move_location"),
        )
    )
    for later in (failures, archived):
        found = found.join(later, ["path", "batch"], "left")
    taken = F.col("failure_reason").isNull() & (F.col("cause") != "skipped")
    state = (
        F.when(F.col("archive_time").isNotNull(), "archived")
        .when(F.col("failure_reason").isNotNull(), "failed")
        .when(F.col("cause") == "skipped", "skipped")
        .when(F.col("commit_time").isNotNull(), "committed")
        .when(F.col("processed_time").isNotNull(), "processed")
        .otherwise("discovered")
    )
    return found.select(
        "path",
        "size",
        F.col("modification_time").alias("create_time"),
        "discovery_time",
        "processed_time",
        F.when(taken, F.col("commit_time")).alias("commit_time"),
        "archive_time",
        "archive_mode",
        "move_location",
        F.lit("0").alias("source_id"),
        F.lit(None).cast("string").alias("flow_name"),
        state.alias("ingestion_state"),
        "batch",
        "failure_reason",
    )
