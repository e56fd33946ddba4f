"""A sensor a landing directory: it wakes a run when something landed, and starts no JVM.

The ledger and the checkpoints alone decide what is new, so a tick that is missed or doubled does
no harm.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.autoloader.landing import LandingState, look
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, LandingDirectory
from medallion_assets.orchestration.abandoned_runs import end_abandoned_runs
from medallion_assets.orchestration.jobs import SOURCE_TAG, source_assets
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.landing_cursor import LandingCursor
from medallion_assets.orchestration.landing_decision import decide
from medallion_assets.orchestration.landing_report import landing_report, landing_signature
from medallion_assets.orchestration.source_runs import SourceRuns

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

DEFAULT_INTERVAL_SECONDS = 10
INTERVAL_SECONDS = range(5, 31)

# Dagster gives up on a tick after 60 s.
LOOK_SECONDS = 20.0


def landing_sensor(
    lakehouse: Lakehouse,
    table: BronzeTable,
    job: UnresolvedAssetJobDefinition,
    interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
) -> dg.SensorDefinition:
    """The sensor of a source's landing directory; it is on unless somebody turns it off.

    Args:
        lakehouse: tells what is downstream.
        table: the bronze table that takes the directory's files.
        job: the source's job.
        interval_seconds: the shortest time between two ticks, 5 to 30 s.

    Raises:
        ValueError: another interval.
    """
    if interval_seconds not in INTERVAL_SECONDS:
        raise ValueError(
            f"The sensor of {table.source.name}: an interval of {interval_seconds} s is not "
            f"between {INTERVAL_SECONDS[0]} and {INTERVAL_SECONDS[-1]} s."
        )
    assets = source_assets(lakehouse, table)

    @dg.sensor(
        name=f"{table.source.name}_landing_sensor",
        job=job,
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Starts a run when files land in {table.source.name}/.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        return _tick(context, lake.lake, table, assets)

    return sensor


def _tick(
    context: dg.SensorEvaluationContext,
    lake: Lake,
    table: BronzeTable,
    assets: list[dg.AssetKey],
) -> dg.SensorResult:
    cursor = LandingCursor.from_json(context.cursor)
    end_abandoned_runs(context.instance)
    runs = SourceRuns(context.instance, table)
    if (run := runs.unfinished()) is not None:
        # Its end is what the next look has to be compared with.
        status = run.status.value.lower()
        return dg.SensorResult(
            skip_reason=f"run {run.run_id[:8]} ({run.job_name}) is {status}: it takes what landed",
            cursor=cursor.to_json(),
        )
    state = look(
        lake.landing_path(table.source),
        lake.stream_directory(table),
        table.source.cloud_files_options(),
        budget_seconds=LOOK_SECONDS,
        resume_after=cursor.resume_after,
    )
    decision = decide(table.source.name, state, cursor, runs.last_finished(), time.time())
    events, cursor = _report(table.source, state, cursor, decision.cursor)
    if decision.run_key is None:
        return dg.SensorResult(
            skip_reason=decision.reason, cursor=cursor.to_json(), asset_events=events
        )
    context.log.info(decision.reason)
    request = dg.RunRequest(
        run_key=decision.run_key,
        asset_selection=assets,
        tags={SOURCE_TAG: table.source.name},
    )
    return dg.SensorResult(run_requests=[request], cursor=cursor.to_json(), asset_events=events)


def _report(
    source: LandingDirectory, state: LandingState, before: LandingCursor, after: LandingCursor
) -> tuple[list[dg.AssetMaterialization], LandingCursor]:
    """The event that tells the catalog about the directory, unless it knows already."""
    complete = before.resume_after is None and state.resume_after is None
    signature = landing_signature(state)
    if not complete or signature == before.reported:
        return [], after
    return [landing_report(source, state)], replace(after, reported=signature)
