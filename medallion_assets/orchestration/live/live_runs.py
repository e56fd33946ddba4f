"""The live runs of an instance, as those see them who request other runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import dagster as dg

LIVE_JOB = "live_job"
LIVE_OP = "live"
LIVE_TAG = "lake/live"

# One that is queued takes nothing yet, and may wait for the very run that would be held back.
_TAKING = (
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
_ENDED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)
_LOOKED_AT = 20


@dataclass(frozen=True)
class EndedLive:
    """A live run that has ended, however."""

    run_id: str
    ended: float


def taking(instance: dg.DagsterInstance, sources: Collection[str]) -> dg.DagsterRun | None:
    """A live run that takes one of the sources at this time.

    Args:
        instance: the instance.
        sources: their names.
    """
    runs = instance.get_runs(filters=dg.RunsFilter(job_name=LIVE_JOB, statuses=_TAKING))
    return next((run for run in runs if _takes(run, sources)), None)


def last_ended(instance: dg.DagsterInstance, source: str) -> EndedLive | None:
    """The last live run of a source that has ended."""
    records = instance.get_run_records(
        filters=dg.RunsFilter(job_name=LIVE_JOB, statuses=_ENDED), limit=_LOOKED_AT
    )
    ended = [
        EndedLive(one.dagster_run.run_id, one.end_time or one.update_timestamp.timestamp())
        for one in records
        if _takes(one.dagster_run, [source])
    ]
    return max(ended, key=lambda one: one.ended, default=None)


def _takes(run: dg.DagsterRun, sources: Iterable[str]) -> bool:
    found: Any = run.run_config
    for name in ("ops", LIVE_OP, "config", "sources"):
        found = found.get(name) if isinstance(found, Mapping) else None
    named: Iterable[str] = found or ()
    return not named or not set(named).isdisjoint(sources)
