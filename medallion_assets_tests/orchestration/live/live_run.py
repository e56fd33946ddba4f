"""A live run in this process, of which a test takes one event after the other and acts between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets.orchestration.live.live_runs import LIVE_JOB, LIVE_OP
from medallion_assets_tests.lakehouse.autoloader import landed


@dataclass
class House:
    """A lakehouse with a lake and an instance of its own."""

    lakehouse: Lakehouse
    lake: Lake
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)

    def __post_init__(self) -> None:
        self.definitions = build_definitions(self.lakehouse, lake=LakeResource.of(self.lake))

    def land(self, source: str, name: str, *found: dict[str, Any] | str) -> None:
        """Let a file land, of rows or as it is."""
        lines = [one if isinstance(one, str) else json.dumps(one) + "\n" for one in found]
        landed.land(self.lake.landing / source / name, "".join(lines))

    def run(self) -> dg.ExecuteInProcessResult:
        """A run over everything, as the schedule starts one."""
        return self.definitions.resolve_job_def("lakehouse_job").execute_in_process(
            instance=self.instance, raise_on_error=False
        )

    def live(self, **config: Any) -> LiveRun:
        """A live run that has not begun."""
        job = self.definitions.resolve_job_def(LIVE_JOB)
        given = {"interval_seconds": 0.2, **config}
        run = self.instance.create_run_for_job(
            job, run_config={"ops": {LIVE_OP: {"config": given}}}
        )
        return LiveRun(self, run.run_id, execute_run_iterator(InMemoryJob(job), run, self.instance))

    def written(self, asset: str) -> list[dg.EventLogRecord]:
        """The materializations of an asset, the newest first."""
        key = dg.AssetKey.from_user_string(asset)
        return list(self.instance.fetch_materializations(key, limit=100).records)


@dataclass
class LiveRun:
    """A live run and its events, which go on only while a test takes them."""

    house: House
    run_id: str
    events: Iterator[dg.DagsterEvent]
    failures: list[str] = field(default_factory=list)

    def until(self, asset: str, kind: str = "ASSET_MATERIALIZATION") -> dg.DagsterEvent:
        """Let it go on until it tells of an asset."""
        wanted = dg.AssetKey.from_user_string(asset)
        for event in self.events:
            if event.event_type_value == kind and event.asset_key == wanted:
                return event
        raise AssertionError(f"the run ended without {kind} of {asset}: {self.log()}")

    def end(self) -> dg.DagsterRunStatus:
        """Let it go on until it has ended."""
        for event in self.events:
            if event.is_step_failure and event.step_failure_data.user_failure_data is not None:
                self.failures.append(str(event.step_failure_data.user_failure_data.description))
        run = self.house.instance.get_run_by_id(self.run_id)
        assert run is not None
        return run.status

    def log(self) -> list[str]:
        """What it said."""
        return [entry.user_message for entry in self.house.instance.all_logs(self.run_id)]
