"""The same increment in a running session, by the engine and by the bare pipeline, turn about.

Every round works on fresh copies of the two kept lakes, so that each is the same increment: new
lakes to Delta's caches, old code to the JVM. The first rounds warm it up and are not counted.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import psutil

from benchmarks.programs.quick_jvm import quick_settings
from benchmarks.programs.stopwatch import Stopwatch, parser
from benchmarks.programs.warm_pipelines import PIPELINES, Layers

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WARM_UP_ROUNDS = 2


@dataclass
class Rounds:
    """What the counted rounds of one pipeline took."""

    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    jobs: list[int] = field(default_factory=list)
    listed: list[int] = field(default_factory=list)

    def facts(self, pipeline: str) -> dict[str, float]:
        """The medians."""
        return {
            f"{pipeline}_seconds": median(self.seconds),
            f"{pipeline}_fastest": min(self.seconds),
            f"{pipeline}_slowest": max(self.seconds),
            f"{pipeline}_cpu": median(self.cpu),
            f"{pipeline}_jobs": median(self.jobs),
            f"{pipeline}_listed": median(self.listed),
        }


def main() -> None:
    """Run the rounds and compare the gold tables."""
    arguments = parser(__doc__)
    arguments.add_argument("--ours", required=True, type=Path, help="a house")
    arguments.add_argument("--bare", required=True, type=Path, help="another")
    arguments.add_argument("--rounds", required=True, type=int)
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import House, read_gold
    from benchmarks.lakehouse import gold_revenue
    from benchmarks.peers.comparison import same_gold
    from medallion_assets.lakehouse.session import start_spark

    houses = {"ours": House.at(told.ours), "bare": House.at(told.bare)}
    watch.lap("imports")
    # As the kept engine's.
    spark = start_spark(**quick_settings())
    watch.lap("session")
    found = {pipeline: Rounds() for pipeline in houses}
    for number in range(WARM_UP_ROUNDS + told.rounds):
        gold = {}
        for pipeline, house in houses.items():
            copy = Path.cwd() / f"{pipeline}-{number}"
            shutil.copytree(house.kept, copy)
            counted = Rounds() if number < WARM_UP_ROUNDS else found[pipeline]
            _round(spark, counted, PIPELINES[pipeline](spark, house, copy))
            gold[pipeline] = read_gold(copy / gold_revenue.layer.value / gold_revenue.name)
            shutil.rmtree(copy)
        same_gold(gold)
    watch.lap("rounds")
    for pipeline, rounds in found.items():
        watch.facts |= rounds.facts(pipeline)
    watch.tell()


def _round(spark: SparkSession, rounds: Rounds, layers: Layers) -> None:
    from benchmarks.programs.jobs import files_listed_so_far, jobs_so_far

    jobs, listed, cpu = jobs_so_far(spark), files_listed_so_far(spark), _cpu_seconds()
    started = time.monotonic()
    for materialize in layers.values():
        materialize()
    rounds.seconds.append(time.monotonic() - started)
    rounds.cpu.append(_cpu_seconds() - cpu)
    rounds.jobs.append(jobs_so_far(spark) - jobs)
    rounds.listed.append(files_listed_so_far(spark) - listed)


def _cpu_seconds() -> float:
    """Of this process and the JVM."""
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    main()
