from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._serdes import serialize_value
from sqlalchemy import event
from sqlalchemy.pool import Pool

OURS = """
storage:
  custom:
    module: medallion_assets.orchestration.sqlite_storage
    class: KeptSqliteStorage
    config: {base_dir: {env: DAGSTER_HOME}}
"""
DAGSTERS = "telemetry: {enabled: false}\n"
READER = """
import sys
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef
from dagster._serdes import deserialize_value

with DagsterInstance.from_ref(deserialize_value(sys.stdin.read(), InstanceRef)) as instance:
    (run,) = instance.get_runs()
    instance.report_engine_event("from the other process", run)
    print(type(instance.run_storage).__name__, run.run_id)
"""


def opened(home: Path, settings: str = OURS) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(settings)
    return dg.DagsterInstance.from_config(str(home))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with opened(home) as instance:
        yield instance


def messages(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str]:
    return [str(entry.message) for entry in instance.all_logs(run.run_id)]


def open_databases(home: Path) -> set[str]:
    """Those below a home which this process has open."""
    paths = (Path(file.path) for file in psutil.Process().open_files())
    return {path.name for path in paths if path.suffix == ".db" and home in path.parents}


def test_many_accesses_take_one_connection_to_each_database(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance)
    instance.report_engine_event("the first", run)
    made: list[object] = []
    event.listen(Pool, "connect", lambda connection, _: made.append(connection))
    for number in range(50):
        instance.report_engine_event(f"event {number}", run)
        instance.report_runless_asset_event(dg.AssetMaterialization("orders"))
        assert instance.get_run_by_id(run.run_id) == run
    # The first event without a run has made the database of those.
    assert len(made) <= 2
    assert messages(instance, run) == ["the first", *(f"event {number}" for number in range(50))]


@pytest.mark.parametrize(("first", "then"), [(OURS, DAGSTERS), (DAGSTERS, OURS)])
def test_the_files_are_those_of_dagsters_own_storage(home: Path, first: str, then: str) -> None:
    with opened(home, first) as instance:
        run = create_run_for_test(instance)
        instance.report_engine_event("before", run)
        instance.report_runless_asset_event(dg.AssetMaterialization("orders"))
    with opened(home, then) as instance:
        instance.report_engine_event("after", run)
        assert messages(instance, run) == ["before", "after"]
        assert instance.get_latest_materialization_event(dg.AssetKey("orders")) is not None
        assert [known.run_id for known in instance.get_runs()] == [run.run_id]


def test_of_many_runs_the_latest_databases_stay_open_and_none_after_the_end(home: Path) -> None:
    with opened(home) as instance:
        runs = [create_run_for_test(instance) for _ in range(12)]
        for run in runs:
            instance.report_engine_event("once", run)
        still_open = open_databases(home)
        assert f"{runs[-1].run_id}.db" in still_open
        assert len(still_open & {f"{run.run_id}.db" for run in runs}) <= 4
        assert [messages(instance, run) for run in runs] == [["once"]] * 12
    assert open_databases(home) == set()


@pytest.mark.parametrize("followers", [OURS, DAGSTERS])
def test_who_follows_a_run_is_told_of_its_events_as_they_come(home: Path, followers: str) -> None:
    with opened(home) as writer, opened(home, followers) as follower:
        run = create_run_for_test(writer)
        # Makes the run's database, and leaves the writer's connection open.
        writer.report_engine_event("before", run)
        seen: list[str] = []
        told = threading.Event()

        def callback(entry: dg.EventLogEntry, _: str) -> None:
            seen.append(str(entry.message))
            told.set()

        follower.watch_event_logs(run.run_id, None, callback)
        for number in range(3):
            told.clear()
            writer.report_engine_event(f"event {number}", run)
            assert told.wait(30)
        assert seen[0] == "before"
        assert f"event {number}" in seen


def test_threads_use_it_at_the_same_time(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance)

    def work(number: int) -> int:
        create_run_for_test(instance)
        instance.report_engine_event(f"event {number}", run)
        return len(instance.get_runs())

    with ThreadPoolExecutor(8) as threads:
        counted = list(threads.map(work, range(40)))
    assert max(counted) == 41
    assert sorted(messages(instance, run)) == sorted(f"event {number}" for number in range(40))


def test_a_forked_process_opens_connections_of_its_own(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance)
    instance.report_engine_event("before", run)
    child = os.fork()
    if child == 0:
        try:
            instance.report_engine_event("from the child", run)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    instance.report_engine_event("after", run)
    assert messages(instance, run) == ["before", "from the child", "after"]


def test_another_process_opens_it_by_reference(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance)
    done = subprocess.run(
        [sys.executable, "-c", READER],
        input=serialize_value(instance.get_ref()),
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["_Runs", run.run_id], done.stderr
    assert messages(instance, run) == ["from the other process"]


def test_what_is_wiped_is_gone_and_can_be_filled_again(instance: dg.DagsterInstance) -> None:
    run = create_run_for_test(instance)
    instance.report_engine_event("before", run)
    instance.wipe()
    assert instance.get_runs() == []
    again = create_run_for_test(instance, run_id=run.run_id)
    instance.report_engine_event("after", again)
    assert messages(instance, again) == ["after"]
