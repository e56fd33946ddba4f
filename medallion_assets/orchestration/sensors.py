"""A sensor a source: it wakes a run when something is there that is new, and starts no JVM.

Where the tables have conditions of their own, it reports and wakes none.

The ledger and the checkpoints alone decide what is new, so a tick that is missed or doubled does
no harm.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.errors import BrokerUnavailableError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Lakehouse
from medallion_assets.orchestration.abandoned_runs import end_abandoned_runs
from medallion_assets.orchestration.jobs import SOURCE_TAG, source_assets
from medallion_assets.orchestration.keys import landing_key
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.source_cursor import SourceCursor
from medallion_assets.orchestration.source_decision import decide, decide_after_live
from medallion_assets.orchestration.source_look import SourceLook, look_at
from medallion_assets.orchestration.source_runs import SourceRuns

if TYPE_CHECKING:
    from dagster._core.definitions.unresolved_asset_job_definition import (
        UnresolvedAssetJobDefinition,
    )

DEFAULT_INTERVAL_SECONDS = 10
INTERVAL_SECONDS = range(5, 31)

# Dagster gives up on a tick after 60 s.
LOOK_SECONDS = 20.0


def source_sensor(
    lakehouse: Lakehouse,
    table: BronzeTable,
    job: UnresolvedAssetJobDefinition,
    interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
) -> dg.SensorDefinition:
    """The sensor of a source; it is on unless somebody turns it off.

    Args:
        lakehouse: tells what is downstream.
        table: the bronze table that takes the source's files or events.
        job: the source's job.
        interval_seconds: the shortest time between two ticks, 5 to 30 s.

    Raises:
        ValueError: another interval.
    """
    check_interval(f"The sensor of {table.source.name}", interval_seconds)
    assets = source_assets(lakehouse, table)
    if isinstance(table.source, KafkaTopics):
        description = f"Starts a run when {table.source.topics} have new events."
    else:
        description = f"Starts a run when files land in {table.source.name}/."

    @dg.sensor(
        name=_name(table),
        job=job,
        minimum_interval_seconds=interval_seconds,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        return _tick(context, lake.lake, table, assets)

    return sensor


def reporting_sensor(table: BronzeTable) -> dg.SensorDefinition:
    """A sensor of a source that tells the catalog what is there, and requests no run.

    Args:
        table: the bronze table that takes the source's files or events.
    """

    @dg.sensor(
        name=_name(table),
        # The tables' conditions look by themselves: this is for people only.
        minimum_interval_seconds=INTERVAL_SECONDS[-1],
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Reports what is new in {landing_key(table.source).to_user_string()}.",
    )
    def sensor(context: dg.SensorEvaluationContext, lake: LakeResource) -> dg.SensorResult:
        return _reporting_tick(context, lake.lake, table)

    return sensor


def check_interval(sensor: str, seconds: int) -> None:
    """Refuse an interval that is too long to be fresh or too short for Dagster.

    Raises:
        ValueError: it is out of its bounds.
    """
    if seconds not in INTERVAL_SECONDS:
        raise ValueError(
            f"{sensor}: an interval of {seconds} s is not between {INTERVAL_SECONDS[0]} and "
            f"{INTERVAL_SECONDS[-1]} s."
        )


def _name(table: BronzeTable) -> str:
    kind = "topic" if isinstance(table.source, KafkaTopics) else "landing"
    return f"{table.source.name}_{kind}_sensor"


def _reporting_tick(
    context: dg.SensorEvaluationContext, lake: Lake, table: BronzeTable
) -> dg.SensorResult:
    before = SourceCursor.from_json(context.cursor)
    # Their tables would never be requested again.
    end_abandoned_runs(context.instance)
    try:
        look = look_at(table, lake, budget_seconds=LOOK_SECONDS, resume_after=before.resume_after)
    except BrokerUnavailableError as error:
        return dg.SensorResult(skip_reason=str(error), cursor=before.to_json())
    events, after = _report(look, before, replace(before, resume_after=look.seen.resume_after))
    return dg.SensorResult(
        skip_reason=look.seen.sentence, cursor=after.to_json(), asset_events=events
    )


def _tick(
    context: dg.SensorEvaluationContext,
    lake: Lake,
    table: BronzeTable,
    assets: list[dg.AssetKey],
) -> dg.SensorResult:
    cursor = SourceCursor.from_json(context.cursor)
    end_abandoned_runs(context.instance)
    runs = SourceRuns(context.instance, table)
    if (taking := runs.taking()) is not None:
        # Its end is what the next look has to be compared with.
        return dg.SensorResult(skip_reason=taking.sentence, cursor=cursor.to_json())
    try:
        look = look_at(table, lake, budget_seconds=LOOK_SECONDS, resume_after=cursor.resume_after)
    except BrokerUnavailableError as error:
        return dg.SensorResult(skip_reason=str(error), cursor=cursor.to_json())
    name, live_run = table.source.name, runs.live_run_to_follow()
    if live_run is not None:
        decision = decide_after_live(name, look.seen, cursor, live_run)
    else:
        decision = decide(name, look.seen, cursor, runs.last_finished(), time.time())
    events, cursor = _report(look, cursor, decision.cursor)
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
    look: SourceLook, before: SourceCursor, after: SourceCursor
) -> tuple[list[dg.AssetMaterialization], SourceCursor]:
    """The event that tells the catalog about the source, unless it knows already."""
    complete = before.resume_after is None and look.seen.resume_after is None
    if not complete or look.signature == before.reported:
        return [], after
    return [look.report], replace(after, reported=look.signature)
