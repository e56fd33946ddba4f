"""A live job, and files that land one after the other: how long each takes to gold."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from benchmarks.programs.stopwatch import Stopwatch, parser

if TYPE_CHECKING:
    from medallion_assets.lakehouse.lake import Lake

_WARM_UP = 3
_POLL_SECONDS = 0.01
_IDLE_SECONDS = 30.0
"""After which the live job ends: long after the last file, or where one never reached gold."""


def main() -> None:
    """Run the live job in this thread, and let files land from another."""
    arguments = parser(__doc__)
    arguments.add_argument("--seen", required=True, type=int)
    arguments.add_argument("--files", required=True, type=int)
    arguments.add_argument("--rows", required=True, type=int)
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    import dagster as dg
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator

    from benchmarks.house import PROJECT
    from benchmarks.location import defs
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.orchestration.instance import prepare_home
    from medallion_assets.orchestration.live.live_runs import LIVE_JOB, LIVE_OP

    watch.lap("imports")
    prepare_home(PROJECT)
    lander = _Lander(Lake.from_environment(PROJECT), told.seen, told.files, told.rows)
    threading.Thread(target=lander.run, daemon=True).start()
    job = defs.resolve_job_def(LIVE_JOB)
    config = {"ops": {LIVE_OP: {"config": {"idle_seconds": _IDLE_SECONDS}}}}
    with dg.DagsterInstance.get() as instance:
        run = instance.create_run_for_job(job, run_config=config)
        for _ in execute_run_iterator(InMemoryJob(job), run, instance):
            pass
    if len(lander.seconds) != told.files:
        raise SystemExit(f"{len(lander.seconds)} of {told.files} files have reached gold")
    watch.lap("live")
    watch.facts |= {f"file_{n:02d}": taken for n, taken in enumerate(lander.seconds)}
    watch.facts |= {f"processor_{n:02d}": used for n, used in enumerate(lander.processor)}
    watch.tell()


@dataclass
class _Lander:
    """Lets one file land when the one before has reached gold."""

    lake: Lake
    seen: int
    files: int
    rows: int
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Land the files: some to warm up, the others measured."""
        from benchmarks.lakehouse import bronze_orders
        from benchmarks.orders import NEW_FILES, Orders

        orders, directory = Orders(self.seen), self.lake.landing_path(bronze_orders.source)
        in_gold = sum(_is_kept(number) for number in range(self.seen))
        self._wait_for(in_gold)
        number = self.seen
        for file in range(_WARM_UP + self.files):
            numbers = range(number, number + self.rows)
            number += self.rows
            in_gold += sum(map(_is_kept, numbers))
            unfinished = directory / f"_{NEW_FILES}-{file}"
            unfinished.write_text("".join(map(orders.line, numbers)))
            landed, used = time.time(), _processor_seconds()
            unfinished.rename(directory / f"{NEW_FILES}-{file:07d}.json")
            committed = self._wait_for(in_gold)
            if file >= _WARM_UP:
                self.seconds.append(committed - landed)
                self.processor.append(_processor_seconds() - used)

    def _wait_for(self, orders: int) -> float:
        """Wait until gold counts so many orders; when that was committed."""
        from deltalake import DeltaTable

        from benchmarks.lakehouse import gold_revenue

        path, looked_at = self.lake.path(gold_revenue), -1
        while True:
            newest = _newest(path / "_delta_log", looked_at)
            if newest > looked_at:
                counted = DeltaTable(path, version=newest).to_pyarrow_table(columns=["orders"])
                if sum(counted["orders"].to_pylist()) == orders:
                    return (path / "_delta_log" / f"{newest:020d}.json").stat().st_mtime
                looked_at = newest
            time.sleep(_POLL_SECONDS)


def _newest(log: Path, after: int) -> int:
    newest = after
    while (log / f"{newest + 1:020d}.json").is_file():
        newest += 1
    return newest


def _processor_seconds() -> float:
    """Of this process and its JVM so far."""
    this = psutil.Process()
    times = [one.cpu_times() for one in (this, *this.children())]
    return sum(one.user + one.system for one in times)


def _is_kept(number: int) -> bool:
    """Whether an order is none of those that go to quarantine."""
    return number % 100 != 99 and number % 500 != 250


if __name__ == "__main__":
    main()
