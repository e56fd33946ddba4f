"""SIGKILL at any instant, run again: the tables are those of an undisturbed run."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.shop.generator import ShopGenerator
from medallion_assets_tests.driver_process import Driver, drivers
from medallion_assets_tests.pipeline.driver import DRIVER
from medallion_assets_tests.pipeline.undisturbed import (
    TABLES,
    Undisturbed,
    comparable,
    contents,
)

KILLS = int(os.environ.get("MEDALLION_TEST_KILLS", "6"))
"""How many; after the first six the same again on a new lake, at other instants."""

POLL_SECONDS = 0.002
KILLED_AFTER_SECONDS = (0.0, 0.002, 0.02, 0.1, 0.3)


class Instant(NamedTuple):
    """When to kill: shortly after the table's run has put one more file there."""

    table: str
    what: str


FILES = {
    "discovered": "_medallion/streams/{table}/*/_ledger/**/_delta_log/*.json",
    "planned": "_medallion/streams/{table}/*/offsets/[0-9]*",
    "quarantined": "{path}_quarantine/_delta_log/*.json",
    "buried": "**/*tombstones*/**/_delta_log/*.json",
    "committed": "{path}/_delta_log/*.json",
    "noted": "_medallion/streams/{table}/*/commits/[0-9]*",
}
"""What a run writes, in the order it does."""

FIRST_LOAD = [
    Instant("bronze.orders", "discovered"),
    Instant("silver.orders", "quarantined"),
]
INCREMENTS = [
    Instant("bronze.products", "committed"),
    Instant("silver.customers", "buried"),
    Instant("silver.orders", "committed"),
    Instant("gold.click_conversion", "planned"),
]


def files_of(lake: Lake, instant: Instant) -> set[Path]:
    path = instant.table.replace(".", "/")
    return set(lake.root.glob(FILES[instant.what].format(table=instant.table, path=path)))


def kill_at(driver: Driver, lake: Lake, instant: Instant, dice: random.Random) -> str:
    """Kill the driver, and say where it was; where the instant was missed, at the table's end."""
    driver.wait_for(f"start {instant.table}")
    before = files_of(lake, instant)
    deadline = time.monotonic() + 240
    where = f"{instant.table} after {instant.what}"
    while files_of(lake, instant) <= before:
        line = driver.next_line(POLL_SECONDS)
        if line == f"end {instant.table}":
            where = f"{instant.table} at its end"
            break
        assert time.monotonic() < deadline, driver.said[-30:]
    time.sleep(dice.choice(KILLED_AFTER_SECONDS))
    driver.kill(with_engine=dice.random() < 0.5)
    return where


def kill_at_each(
    lake: Lake, instants: list[Instant], dice: random.Random, started: list[Driver]
) -> Iterator[str]:
    """One process after the other, each killed at its instant; the last one runs to its end."""
    for instant in instants:
        started.append(Driver(DRIVER, lake.root, lake.landing))
        yield kill_at(started[-1], lake, instant, dice)
    started.append(Driver(DRIVER, lake.root, lake.landing))
    started[-1].wait_for("done")
    assert started[-1].process.wait(60) == 0


def rounds() -> list[int]:
    return list(range(max(1, -(-KILLS // len([*FIRST_LOAD, *INCREMENTS])))))


@pytest.mark.process
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", rounds())
def test_a_killed_and_repeated_run_gives_the_tables_of_an_undisturbed_one(
    undisturbed: Undisturbed, lake: Lake, seed: int
) -> None:
    dice, generator = random.Random(seed), ShopGenerator()
    with drivers() as started:
        generator.batch(1).write(lake.landing)
        where = [*kill_at_each(lake, FIRST_LOAD, dice, started)]
        generator.batch(2).write(lake.landing)
        generator.batch(3).write(lake.landing)
        where += kill_at_each(lake, INCREMENTS, dice, started)
    assert len(where) == len([*FIRST_LOAD, *INCREMENTS])
    # Most kills met the work they were meant for, or this would prove little.
    assert sum("after" in instant for instant in where) > len(where) // 2, where
    expected = comparable(undisturbed.lake, undisturbed.steps[3].tables)
    found = comparable(lake, contents(lake))
    assert found.keys() == expected.keys()
    assert found.keys() > TABLES.keys()
    for name, rows in expected.items():
        assert len(found[name]) == len(rows), f"{name}, killed at {where}"
        assert found[name] == rows, f"{name}, killed at {where}"
