"""Increments in one warm session, counted: the process that `test_guard` judges.

    python -m medallion_assets_tests.benchmarks.guarded_session DIRECTORY

writes `counted.json` there. The lakes are small so that what is read again would show: 1,000 rows
seen, 10,000 new ones.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from pyspark.sql import SparkSession

from benchmarks.house import House, read_gold
from benchmarks.lakehouse import gold_revenue, lakehouse
from benchmarks.orders import Orders
from benchmarks.peers.comparison import same_gold
from benchmarks.programs.jobs import files_listed_so_far, jobs_so_far
from benchmarks.programs.stage_input import RETAINED, StageInput
from benchmarks.programs.warm_pipelines import PIPELINES, Layers
from medallion_assets.lakehouse.bronze import BronzeSink
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.session import start_session
from medallion_assets.lakehouse.silver_writing import SilverWriting

SEEN_ROWS = 1_000
FEW, MANY = 20, 400
NEW_FILES, NEW_ROWS = 10, 10_000
WARM_UP, ROUNDS = 1, 3


@dataclass(frozen=True)
class Counted:
    """One layer of one increment."""

    seconds: float
    jobs: int
    files_listed: int
    input_records: int
    input_bytes: int


@dataclass
class GuardedSession:
    """The session and what it counts."""

    spark: SparkSession
    directory: Path
    stages: StageInput
    copies: int = 0

    def filled(self, pipeline: str, files: int) -> House:
        """A house in which a first load ran, and whose increment has landed."""
        house = House.at(self.directory / f"{pipeline}-{files}")
        orders = Orders(SEEN_ROWS)
        orders.land_first(house.landing, files)
        self.run(PIPELINES[pipeline](self.spark, house, house.lake.root))
        house.keep()
        orders.land_increment(house.landing, NEW_FILES, NEW_ROWS // NEW_FILES)
        return house

    def increment(self, pipeline: str, house: House) -> tuple[dict[str, Counted], Path]:
        """The increment on a copy of the kept lake, and the copy."""
        self.copies += 1
        lake = self.directory / f"copy-{self.copies}"
        shutil.copytree(house.kept, lake)
        return self.run(PIPELINES[pipeline](self.spark, house, lake)), lake

    def run(self, layers: Layers) -> dict[str, Counted]:
        """Run layer by layer, and say what each took."""
        counted = {name: self._counted(materialized) for name, materialized in layers.items()}
        print(*(f"{name} {one}" for name, one in counted.items()), sep="\n", flush=True)
        return counted

    def _counted(self, run: Callable[[], object]) -> Counted:
        self.stages.since_last()
        jobs, listed = jobs_so_far(self.spark), files_listed_so_far(self.spark)
        started = time.monotonic()
        run()
        seconds = time.monotonic() - started
        read = self.stages.since_last()
        return Counted(
            seconds,
            jobs_so_far(self.spark) - jobs,
            files_listed_so_far(self.spark) - listed,
            read.records,
            read.bytes,
        )


@contextmanager
def second_scan_of_bronze() -> Iterator[None]:
    """As if bronze counted the rows of its files before it writes them."""
    write = BronzeSink.write

    def counting(self: BronzeSink, decoded: Any, *rest: Any) -> Any:
        for frame in decoded.frames:
            frame.count()
        return write(self, decoded, *rest)

    with mock.patch.object(BronzeSink, "write", counting):
        yield


@contextmanager
def second_scan_of_silver() -> Iterator[None]:
    """As if silver counted the rows of its micro-batch before it judges them."""
    batch = SilverWriting.batch

    def counting(self: SilverWriting, frame: Any, number: int) -> None:
        frame.count()
        batch(self, frame, number)

    with mock.patch.object(SilverWriting, "batch", counting):
        yield


def nothing_new(session: GuardedSession, house: House, lake: Path) -> dict[str, int]:
    """A run right after another: the jobs it started, and how often it asked for the session."""
    asked = []

    def ask() -> SparkSession:
        asked.append(True)
        return session.spark

    before = jobs_so_far(session.spark)
    for table in lakehouse.tables:
        materialize(table, Lake(lake, house.landing_root), ask)
    return {"jobs": jobs_so_far(session.spark) - before, "sessions": len(asked)}


def measure(session: GuardedSession) -> Mapping[str, object]:
    """All that is counted, by name."""
    few = {pipeline: session.filled(pipeline, FEW) for pipeline in PIPELINES}
    rounds: dict[str, list[dict[str, Counted]]] = {pipeline: [] for pipeline in PIPELINES}
    lake = Path()
    for number in range(WARM_UP + ROUNDS):
        gold = {}
        for pipeline, house in few.items():
            layers, copy = session.increment(pipeline, house)
            if number >= WARM_UP:
                rounds[pipeline].append(layers)
            gold[pipeline] = read_gold(copy / gold_revenue.layer.value / gold_revenue.name)
            lake = copy if pipeline == "ours" else lake
        same_gold(gold)
    again = nothing_new(session, few["ours"], lake)
    many, _ = session.increment("ours", session.filled("ours", MANY))
    scans = {"bronze": second_scan_of_bronze, "silver": second_scan_of_silver}
    scanned = {}
    for layer, scan in scans.items():
        with scan():
            scanned[layer], _ = session.increment("ours", few["ours"])
    return {**rounds, "nothing_new": again, "many": many, "second_scan": scanned}


def main() -> None:
    """Measure and write it down."""
    directory = Path(sys.argv[1])
    spark = start_session(**RETAINED)
    counted = measure(GuardedSession(spark, directory, StageInput(spark)))
    (directory / "counted.json").write_text(json.dumps(counted, default=asdict))
    print("written", flush=True)


if __name__ == "__main__":
    main()
