"""A Dagster daemon with a home and a lake of its own, and what its instance tells of its runs."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration.automation import Automation
from medallion_assets.orchestration.automation_sensor import AUTOMATION_SENSOR
from medallion_assets.orchestration.instance import INSTANCE_FILE
from medallion_assets.orchestration.source_runs import UNFINISHED
from medallion_assets_tests.documentation.pages import PROJECT
from medallion_assets_tests.driver_process import Driver

_DONE = (TickStatus.SKIPPED, TickStatus.SUCCESS, TickStatus.FAILURE)
_PATIENCE_SECONDS = 240
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Ran:
    """A run: what was asked of it, what it wrote, and how it ended."""

    run_id: str
    assets: frozenset[str]
    written: frozenset[str]
    succeeded: bool
    created: float
    ended: float


@dataclass(frozen=True)
class Daemon:
    """A running daemon."""

    driver: Driver
    instance: dg.DagsterInstance
    lake: Lake

    def land(self, source: str, name: str, *found: dict[str, Any]) -> None:
        """Let a file land, whole at once."""
        path = self.lake.landing / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{name}")
        unfinished.write_text("".join(json.dumps(row) + "\n" for row in found))
        landed = time.time() - 60
        os.utime(unfinished, (landed, landed))
        unfinished.rename(path)

    def runs(self, asset: str) -> list[dg.RunRecord]:
        """The runs that have to do with an asset, the oldest first."""
        key = dg.AssetKey.from_user_string(asset)
        records = self.instance.get_run_records(ascending=True)
        return [one for one in records if key in (one.dagster_run.asset_selection or ())]

    def ran(self, asset: str) -> list[Ran]:
        """The same, of those that have ended."""
        return [
            self._ran(record)
            for record in self.runs(asset)
            if record.dagster_run.status not in UNFINISHED
        ]

    def wait_for(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait until something holds.

        Raises:
            AssertionError: it does not, or the daemon has ended; with what that has printed.
        """
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not holds():
            if time.monotonic() > deadline or self.driver.process.poll() is not None:
                while self.driver.next_line(0.1) is not None:
                    pass
                told = "\n".join(self.driver.said[-60:])
                raise AssertionError(f"not seen: {what}\n{told}")
            time.sleep(_POLL_SECONDS)

    def wait_for_runs(self, asset: str, count: int) -> None:
        """Wait until so many runs of an asset have ended."""
        self.wait_for(f"{count} runs of {asset}", lambda: len(self.ran(asset)) >= count)

    def ticks(self) -> list[InstigatorTick]:
        """The ticks of the tables' sensor that have ended."""
        for state in self.instance.all_instigator_state():
            if state.instigator_name == AUTOMATION_SENSOR:
                origin, selector = state.instigator_origin_id, state.selector_id
                return [
                    tick
                    for tick in self.instance.get_ticks(origin, selector)
                    if tick.status in _DONE
                ]
        return []

    def wait_ticks(self, count: int) -> None:
        """Wait until the tables were looked at so often."""
        before = len(self.ticks())
        self.wait_for(f"{count} ticks", lambda: len(self.ticks()) >= before + count)

    def _ran(self, record: dg.RunRecord) -> Ran:
        run = record.dagster_run
        written = self.instance.get_records_for_run(
            run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION
        ).records
        keys = [event.asset_key for event in written]
        return Ran(
            run_id=run.run_id,
            assets=frozenset(key.to_user_string() for key in run.asset_selection or ()),
            written=frozenset(key.to_user_string() for key in keys if key is not None),
            succeeded=run.status is dg.DagsterRunStatus.SUCCESS,
            created=record.create_timestamp.timestamp(),
            ended=record.end_time or 0.0,
        )


@contextmanager
def running_daemon(
    root: Path, module: str, automation: Automation = Automation.DECLARATIVE
) -> Iterator[Daemon]:
    """A daemon over a code location; every process of it ends with the block.

    Args:
        root: a directory for its home, the lake and the landing directories.
        module: the code location.
        automation: who requests runs.
    """
    home, lake = root / "dagster", Lake(root / "lake", root / "landing")
    home.mkdir(parents=True)
    shutil.copyfile(PROJECT / INSTANCE_FILE, home / INSTANCE_FILE)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGSTER_HOME", str(home))
        environment.setenv("MEDALLION_LAKE", str(lake.root))
        environment.setenv("MEDALLION_LANDING", str(lake.landing))
        environment.setenv("MEDALLION_AUTOMATION", automation.value)
        # Its storage is made by one process.
        with dg.DagsterInstance.get() as instance:
            driver = Driver("dagster._daemon", "run", "-m", module)
            with driver:
                yield Daemon(driver, instance, lake)
