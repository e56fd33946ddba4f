"""The jobs: one a source, one for everything, and a schedule for the latter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, Source, Table
from medallion_assets.orchestration.keys import landing_key, produced_keys

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

LAKEHOUSE_JOB = "lakehouse_job"
SOURCE_TAG = "lake/source"
DAILY_AT_FIVE = "0 5 * * *"


def source_job_name(source: Source) -> str:
    """The name of a source's job."""
    return f"{source.name}_job"


def source_assets(lakehouse: Lakehouse, table: Table) -> list[dg.AssetKey]:
    """What is concerned when a table gets something new: the table and all downstream of it."""
    return [key for reached in lakehouse.downstream(table) for key in produced_keys(reached)]


def source_job(lakehouse: Lakehouse, table: BronzeTable) -> UnresolvedAssetJobDefinition:
    """The job of one source, from what lands to gold."""
    key = landing_key(table.source).to_user_string()
    return dg.define_asset_job(
        source_job_name(table.source),
        selection=dg.AssetSelection.assets(*source_assets(lakehouse, table)),
        description=f"Take what is new in {key} through to gold.",
        tags={SOURCE_TAG: table.source.name},
        # One process a run is one Spark session a run.
        executor_def=dg.in_process_executor,
    )


def lakehouse_job(lakehouse: Lakehouse) -> UnresolvedAssetJobDefinition:
    """The job over every table."""
    keys = [key for table in lakehouse.tables for key in produced_keys(table)]
    return dg.define_asset_job(
        LAKEHOUSE_JOB,
        selection=dg.AssetSelection.assets(*keys),
        description="Take everything new, of all sources, through to gold.",
        executor_def=dg.in_process_executor,
    )


def daily_schedule(job: UnresolvedAssetJobDefinition) -> dg.ScheduleDefinition:
    """A run over everything each morning; off until somebody turns it on."""
    return dg.ScheduleDefinition(
        name="daily_schedule",
        job=job,
        cron_schedule=DAILY_AT_FIVE,
        execution_timezone="UTC",
        default_status=dg.DefaultScheduleStatus.STOPPED,
    )
