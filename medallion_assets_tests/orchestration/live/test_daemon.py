"""Live runs under a real daemon, with files landing all the time: cancelled, killed, taken over."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import dagster as dg
import psutil
import pytest

from medallion_assets.orchestration import Automation
from medallion_assets.orchestration.live.live_runs import LIVE_JOB
from medallion_assets_tests.lakehouse.delta_rows import rows
from medallion_assets_tests.orchestration.daemon import Daemon, running_daemon
from medallion_assets_tests.orchestration.live import location
from medallion_assets_tests.orchestration.small_lakehouse import bronze_orders, gold_revenue

# Five JVMs, one after the other.
pytestmark = [pytest.mark.process, pytest.mark.timeout(1200)]

GOLD = dg.AssetKey(["gold", "revenue"])
GOES_ON = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def test_files_that_land_all_the_time_are_taken_once_by_live_and_other_runs(
    tmp_path: Path,
) -> None:
    with running_daemon(tmp_path, location.__name__, Automation.SENSORS) as daemon:
        live = launched(daemon)
        daemon.wait_for("a live run", lambda: status(daemon, live) is dg.DagsterRunStatus.STARTED)
        daemon.land("customers", "1.json", {"customer_id": 1, "country": "NL", "seq": 1})
        with landing(daemon) as landed:
            wait_for_gold_of(daemon, live)
            kill_engine(daemon, live)
            wait_for_gold_of(daemon, live, since=written(daemon, live))
            daemon.wait_for("a skipped tick", lambda: skipped_for(daemon, live))

            assert daemon.instance.run_launcher.terminate(live)
            daemon.wait_for("the end", lambda: status(daemon, live) not in GOES_ON)
            assert status(daemon, live) is dg.DagsterRunStatus.CANCELED
            assert errors(daemon, live) == ["DagsterExecutionInterruptedError"]
            wait_for_gold_of(daemon, taking_over(daemon, live))

            second = launched(daemon)
            wait_for_gold_of(daemon, second)
            process_of(daemon, second).kill()
            wait_for_gold_of(daemon, taking_over(daemon, second))
            assert status(daemon, second) is dg.DagsterRunStatus.FAILURE
        expected = list(range(1, len(landed) + 1))
        daemon.wait_for("every order", lambda: revenue(daemon) == 10.0 * len(expected))
    assert sorted(row["order_id"] for row in rows(daemon.lake.path(bronze_orders))) == expected


@contextmanager
def landing(daemon: Daemon) -> Iterator[list[int]]:
    """Files of one order each that land all the time, while the block goes on."""
    landed: list[int] = []
    enough = threading.Event()

    def land() -> None:
        for number in count(1):
            order = {"order_id": number, "customer_id": 1, "amount": 10.0, "seq": 1}
            daemon.land("orders", f"{number}.json", order)
            landed.append(number)
            if enough.wait(0.5):
                return

    lander = threading.Thread(target=land)
    lander.start()
    try:
        yield landed
    finally:
        enough.set()
        lander.join()


def launched(daemon: Daemon) -> str:
    """Launch the live job as Dagster's own command does; the run's id."""
    before = {run.run_id for run in daemon.instance.get_runs(dg.RunsFilter(job_name=LIVE_JOB))}
    command = ["job", "launch", "-m", location.__name__, "-j", LIVE_JOB]
    config = {"ops": {"live": {"config": {"interval_seconds": 0.5}}}}
    subprocess.run(
        [sys.executable, "-m", "dagster", *command, "--config-json", json.dumps(config)],
        check=True,
        capture_output=True,
    )
    (run,) = daemon.instance.get_runs(dg.RunsFilter(job_name=LIVE_JOB), limit=1)
    assert run.run_id not in before
    return run.run_id


def status(daemon: Daemon, run_id: str) -> dg.DagsterRunStatus:
    run = daemon.instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def wait_for_gold_of(daemon: Daemon, run_id: str, since: int = 0) -> None:
    """Wait until a run has written something to gold, once more than so often."""
    daemon.wait_for(f"gold of {run_id}", lambda: written(daemon, run_id) > since)


def written(daemon: Daemon, run_id: str) -> int:
    """How often a run has written something to gold."""
    told = daemon.instance.get_records_for_run(
        run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
    ).records
    gold = [one.asset_materialization for one in told if one.asset_key == GOLD]
    return sum(one is not None and bool(one.metadata["batches"].value) for one in gold)


def skipped_for(daemon: Daemon, live: str) -> bool:
    """Whether the sensor of the orders has skipped a tick for the live run."""
    for state in daemon.instance.all_instigator_state():
        if state.instigator_name == "orders_landing_sensor":
            ticks = daemon.instance.get_ticks(state.instigator_origin_id, state.selector_id)
            reasons = [tick.skip_reason or "" for tick in ticks]
            return any(live[:8] in one and "until it ends" in one for one in reasons)
    return False


def taking_over(daemon: Daemon, live: str) -> str:
    """The run that a sensor has requested since the live run ended."""
    found: list[str] = []

    def requested() -> bool:
        key = f"orders:after-live:{live}"
        filters = dg.RunsFilter(tags={"dagster/run_key": key})
        found[:] = [run.run_id for run in daemon.instance.get_runs(filters)]
        return bool(found)

    daemon.wait_for("a run that takes over", requested)
    (run_id,) = found
    return run_id


def errors(daemon: Daemon, run_id: str) -> list[str]:
    """The kinds of errors with which a run's steps failed."""
    events = daemon.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
    failed = [event.dagster_event for event in events]
    return [
        str(one.step_failure_data.error.cls_name)
        for one in failed
        if one is not None and one.step_failure_data.error is not None
    ]


def process_of(daemon: Daemon, run_id: str) -> psutil.Process:
    """The process of a run."""
    events = daemon.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_START)
    (event,) = [entry.dagster_event for entry in events]
    assert event is not None
    return psutil.Process(event.pid)


def kill_engine(daemon: Daemon, run_id: str) -> None:
    """SIGKILL to the JVM of a run."""
    (engine,) = [one for one in process_of(daemon, run_id).children() if one.name() == "java"]
    engine.kill()


def revenue(daemon: Daemon) -> float:
    return sum(float(row["revenue"]) for row in rows(daemon.lake.path(gold_revenue)))
