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
    expected: list[tuple[int, int]] = []
    missed = 0
    with drivers() as started:

        def begin() -> Driver:
            started.append(Driver(DRIVER))
            return started[-1]

        def carry_out(driver: Driver) -> float:
            since = time.monotonic()
            driver.tell(table.statement("json"))
            driver.wait_for("begin")
            driver.wait_for("end")
            return time.monotonic() - since

        ahead = begin()
        for load in range(KILLS):
            driver, ahead = ahead, begin()
            # Warm, so that the instants are spread over the statement and not over its compiling.
            expected += _land(table, load)
            carry_out(driver)
            expected += _land(table, KILLS + load)
            usual = carry_out(driver)
            expected += _land(table, 2 * KILLS + load)
            driver.tell(table.statement("json"))
            driver.wait_for("begin")
            time.sleep(dice.uniform(0, usual))
            missed += driver.next_line(0) is not None
            driver.kill(with_engine=dice.random() < 0.5)
            carry_out(ahead)
            found = table.rows()
            assert len(found) == len(expected), f"kill {load}"
            assert found == sorted(expected, key=repr), f"kill {load}"
    assert missed <= KILLS // 2
