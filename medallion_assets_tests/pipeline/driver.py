"""A process that takes the shop's tables through to gold, for tests that end it in the middle.

`python -m medallion_assets_tests.pipeline.driver LAKE LANDING [TABLE]` runs every table once and
says on standard output where it is; with a table it runs that one until it is interrupted.
"""

from __future__ import annotations

import signal
import sys
from functools import partial
from pathlib import Path

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.streams.trigger import processing_time
from medallion_assets.shop import lakehouse

DRIVER = "medallion_assets_tests.pipeline.driver"

INTERRUPTED = 130
"""What a shell says of a program that was interrupted."""


def say(*words: object) -> None:
    print(*words, flush=True)


def run_all(lake: Lake) -> None:
    for table in lakehouse.tables:
        say("start", table.full_name)
        done = materialize(table, lake, start_spark, progress=partial(say, table.full_name))
        if not done.rows.conserved:
            raise AssertionError(f"{table.full_name}: {done.rows}")
        say("end", table.full_name)


def run_until_interrupted(lake: Lake, name: str) -> int:
    spark = start_spark()
    try:
        materialize(
            lakehouse.table(name),
            lake,
            start_spark,
            trigger=processing_time("200 milliseconds"),
            progress=partial(say, name),
        )
    except KeyboardInterrupt:
        say("interrupted with", len(spark.streams.active), "queries active")
        return INTERRUPTED
    return 0


def main() -> int:
    # As Dagster does: a run that is cancelled gets the signal, and ends like one at a terminal. A
    # shell starts its background jobs, and so perhaps these tests, with interrupts ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    lake = Lake(Path(sys.argv[1]), Path(sys.argv[2]))
    start_spark(**{"spark.driver.memory": "1g"})
    say("session")
    if len(sys.argv) > 3:
        return run_until_interrupted(lake, sys.argv[3])
    run_all(lake)
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(main())
