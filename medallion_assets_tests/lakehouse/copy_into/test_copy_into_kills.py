"""SIGKILL at any instant of a statement, then the same statement: the rows of one load."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.driver_process import Driver, drivers
from medallion_assets_tests.lakehouse.copy_into.copied_table import CopiedTable
from medallion_assets_tests.lakehouse.copy_into.driver import DRIVER

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KILLS = int(os.environ.get("MEDALLION_TEST_KILLS", "3"))
FILES, ROWS = 4, 50


def _land(table: CopiedTable, load: int) -> list[tuple[int, int]]:
    """Write the files of a load, and say which rows they have."""
    rows = [(load, row) for row in range(FILES * ROWS)]
    for number in range(FILES):
        lines = [json.dumps({"load": load, "row": row}) for _, row in rows[number::FILES]]
        table.land(f"{load}-{number}.json", "\n".join(lines) + "\n")
    return rows


@pytest.mark.process
@pytest.mark.timeout(60 * max(KILLS, 10))
def test_a_killed_and_repeated_statement_loads_everything_once(
    spark: SparkSession, tmp_path: Path
) -> None:
    dice = random.Random(KILLS)
    table = CopiedTable.make(spark, tmp_path, "load INT, row INT")
    expected = _land(table, 0)
    missed = 0
    with drivers() as started:

        def begin() -> Driver:
            started.append(Driver(DRIVER))
            return started[-1]

        def complete(driver: Driver) -> float:
            """Carry out the statement, and compare; how long it took."""
            since = time.monotonic()
            driver.tell(table.statement("json"))
            driver.wait_for("begin")
            driver.wait_for("end")
            found = table.rows()
            assert len(found) == len(expected)
            assert found == sorted(expected, key=repr)
            return time.monotonic() - since

        ahead = begin()
        for load in range(1, KILLS + 1):
            driver, ahead = ahead, begin()
            # What the killed one left; it also warms the next one up, or most kills would meet the
            # compiling of a cold engine.
            cold = complete(driver)
            expected += _land(table, load)
            driver.tell(table.statement("json"))
            driver.wait_for("begin")
            # Warm, it takes about a quarter of that.
            time.sleep(dice.uniform(0, cold / 5))
            missed += driver.next_line(0) is not None
            driver.kill(with_engine=dice.random() < 0.5)
        complete(ahead)
    # Otherwise no kill met a statement that was running, and this would prove nothing.
    assert missed < KILLS
