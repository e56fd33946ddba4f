from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse

DOWNSTREAM = {"bronze/orders", "silver/orders", "silver/orders_quarantine", "gold/revenue"}


@dataclass
class Orders:
    """The orders sensor over real directories and an instance of its own."""

    root: Path
    instance: dg.DagsterInstance
    cursor: str | None = None

    @property
    def landing(self) -> Path:
        return self.root / "landing" / "orders"

    def land(self, name: str = "a.json", *, age_seconds: float = 60) -> Path:
        path = self.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"order_id": 1}\n')
        landed = time.time() - age_seconds
        os.utime(path, (landed, landed))
        return path

    def tick(self) -> dg.SensorResult:
        lake = LakeResource(root=str(self.root / "lake"), landing=str(self.root / "landing"))
        definitions = build_definitions(small_lakehouse, lake=lake)
        sensor = definitions.resolve_sensor_def("orders_landing_sensor")
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"lake": lake}
        ) as context:
            result = sensor(context)
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        return result

    def add_run(
        self,
        status: dg.DagsterRunStatus,
        job: str = "orders_job",
        selection: set[str] | None = None,
    ) -> dg.DagsterRun:
        """A run as the instance stores it; a source's job gives its tag to its runs."""
        source = job.removesuffix("_job")
        run = dg.DagsterRun(
            job_name=job,
            status=status,
            asset_selection=(
                None if selection is None else {dg.AssetKey(key.split("/")) for key in selection}
            ),
            tags={"lake/source": source} if source in ("orders", "customers") else {},
            # A queued run has to say where it will be loaded from.
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("shop"), "__repository__"), job
            ),
        )
        return self.instance.add_run(run)


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders(tmp_path, dg.DagsterInstance.ephemeral())


def reason(result: dg.SensorResult) -> str:
    assert result.skip_reason is not None
    assert result.skip_reason.skip_message is not None
    assert not result.run_requests
    return result.skip_reason.skip_message


def requested(result: dg.SensorResult) -> dg.RunRequest:
    assert result.run_requests is not None
    (request,) = result.run_requests
    return request


def test_an_empty_or_absent_directory_is_skipped_with_what_was_seen(orders: Orders) -> None:
    assert reason(orders.tick()) == "looked at 0 files, nothing new"
    orders.landing.mkdir(parents=True)
    assert reason(orders.tick()) == "looked at 0 files, nothing new"


def test_a_file_starts_one_run_over_all_that_is_downstream(orders: Orders) -> None:
    orders.land()
    request = requested(orders.tick())
    assert request.run_key == "orders:none:0"
    assert request.asset_selection is not None
    assert {key.to_user_string() for key in request.asset_selection} == DOWNSTREAM
    assert request.tags["lake/source"] == "orders"


def test_two_sensors_with_the_same_past_ask_for_the_same_run(tmp_path: Path) -> None:
    one = Orders(tmp_path, dg.DagsterInstance.ephemeral())
    other = Orders(tmp_path, dg.DagsterInstance.ephemeral())
    one.land()
    assert requested(one.tick()).run_key == requested(other.tick()).run_key


def test_a_file_that_is_being_written_is_left_alone(orders: Orders) -> None:
    orders.land("growing.json", age_seconds=0)
    assert reason(orders.tick()) == "looked at 1 file, nothing new; 1 still being written"


@pytest.mark.parametrize("name", ["_SUCCESS", ".hidden.json", "a.json.tmp"])
def test_what_is_not_data_wakes_nothing(orders: Orders, name: str) -> None:
    orders.land(name)
    assert reason(orders.tick()) == "looked at 0 files, nothing new"


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.QUEUED,
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_nothing_is_asked_for_while_the_run_goes_on(
    orders: Orders, status: dg.DagsterRunStatus
) -> None:
    orders.land()
    run = orders.add_run(status)
    assert run.run_id[:8] in reason(orders.tick())


@pytest.mark.parametrize(
    ("job", "selection", "holds"),
    [
        ("lakehouse_job", None, True),
        ("orders_job", None, True),
        ("__ASSET_JOB", {"bronze/orders"}, True),
        ("customers_job", None, False),
        ("__ASSET_JOB", {"gold/revenue"}, False),
    ],
)
def test_a_run_that_holds_the_bronze_table_counts_whoever_started_it(
    orders: Orders, job: str, selection: set[str] | None, holds: bool
) -> None:
    orders.land()
    orders.add_run(dg.DagsterRunStatus.STARTED, job, selection)
    assert bool(orders.tick().run_requests) is not holds


def test_a_run_that_succeeded_is_not_repeated(orders: Orders) -> None:
    orders.land()
    requested(orders.tick())
    orders.add_run(dg.DagsterRunStatus.SUCCESS)
    assert "succeeded and took nothing" in reason(orders.tick())


@pytest.mark.parametrize("ended", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_a_run_that_failed_is_tried_again_after_a_pause_that_grows(
    orders: Orders, ended: dg.DagsterRunStatus, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders.land()
    keys = [requested(orders.tick()).run_key]
    real_time = time.time
    for pause in (30, 60, 120):
        orders.add_run(ended)
        assert "failed, next attempt in" in reason(orders.tick())
        monkeypatch.setattr(time, "time", lambda late=pause - 5: real_time() + late)
        assert "failed, next attempt in" in reason(orders.tick())
        monkeypatch.setattr(time, "time", lambda late=pause + 1: real_time() + late)
        keys.append(requested(orders.tick()).run_key)
        monkeypatch.setattr(time, "time", real_time)
    assert keys == [f"orders:none:{attempt}" for attempt in range(4)]


def test_a_failed_run_is_made_up_for_by_a_run_over_everything(orders: Orders) -> None:
    orders.landing.mkdir(parents=True)
    orders.add_run(dg.DagsterRunStatus.FAILURE)
    assert "failed, next attempt" in reason(orders.tick())
    orders.add_run(dg.DagsterRunStatus.SUCCESS, "lakehouse_job")
    assert reason(orders.tick()) == "looked at 0 files, nothing new"


def test_the_landing_directory_is_reported_when_it_changed(orders: Orders) -> None:
    orders.land("a.json")
    (event,) = orders.tick().asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.asset_key == dg.AssetKey(["landing", "orders"])
    assert event.metadata["files_waiting"].value == 1
    assert event.metadata["bytes_waiting"].value == 16
    assert event.tags is not None
    assert event.tags["dagster/data_version"] == "1"
    assert not orders.tick().asset_events, "nothing changed since"
    orders.land("b.json")
    (event,) = orders.tick().asset_events
    assert isinstance(event, dg.AssetMaterialization)
    assert event.tags is not None
    assert event.tags["dagster/data_version"] == "2"


def test_the_cursor_does_not_grow_with_the_files(orders: Orders) -> None:
    for directory in range(10):
        below = orders.landing / f"day={directory}"
        below.mkdir(parents=True)
        for number in range(10_000):
            (below / f"{number}.json").touch()
    result = orders.tick()
    assert result.cursor is not None
    assert len(result.cursor.encode()) < 4096
    assert json.loads(result.cursor)["attempt"] == 0
