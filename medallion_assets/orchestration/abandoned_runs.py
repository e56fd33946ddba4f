"""Ends runs whose process is gone.

A run that is killed together with the servers stays `STARTED` for ever: the local launcher can't
be asked for its health, so run monitoring leaves it. It would hold its tables' pools, and every
run behind it would wait in the queue.
"""

from __future__ import annotations

import os

import dagster as dg

_IN_A_PROCESS = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


def end_abandoned_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs failed whose process no longer exists.

    Args:
        instance: left alone unless its runs are processes of this machine.

    Returns:
        The ids of the runs that were ended.
    """
    # Elsewhere a process id of this machine says nothing about a run.
    if not isinstance(instance.run_launcher, dg.DefaultRunLauncher):
        return []
    ended = []
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=_IN_A_PROCESS)):
        process = _process_of(instance, run.run_id)
        if process is not None and not _exists(process):
            instance.report_run_failed(
                run, f"Process {process} of this run ended without a word; it was killed, perhaps."
            )
            ended.append(run.run_id)
    return ended


def _process_of(instance: dg.DagsterInstance, run_id: str) -> int | None:
    records = instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.RUN_START, limit=1
    ).records
    if not records:
        return None
    event = records[0].event_log_entry.dagster_event
    return None if event is None else event.pid


def _exists(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
