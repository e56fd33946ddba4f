"""A run that is cancelled ends by itself and cleanly, and the next one completes it."""

from __future__ import annotations

import os
import signal

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.shop import lakehouse
from medallion_assets.shop.generator import ShopGenerator, truth
from medallion_assets_tests.driver_process import Driver, drivers
from medallion_assets_tests.lakehouse.delta_rows import rows, run
from medallion_assets_tests.pipeline.driver import DRIVER, INTERRUPTED

pytestmark = pytest.mark.usefixtures("spark")

ORDERS = ("bronze.orders", "silver.orders")


@pytest.mark.process
def test_an_interrupted_stream_stops_its_query_and_the_next_run_completes(lake: Lake) -> None:
    batch = ShopGenerator().batch(1)
    batch.write(lake.landing)
    with drivers() as started:
        # The scheduler's signal, to the process alone.
        bronze = Driver(DRIVER, lake.root, lake.landing, "bronze.orders")
        started.append(bronze)
        bronze.wait_for("bronze.orders batch")
        bronze.process.terminate()
        bronze.wait_for("interrupted with 0 queries active", 60)
        assert bronze.process.wait(60) == INTERRUPTED
        # Ctrl-C at a terminal, which every process of the group gets; in the middle of a start.
        silver = Driver(DRIVER, lake.root, lake.landing, "silver.orders")
        started.append(silver)
        offsets = lake.stream_directory(lakehouse.table("silver.orders")) / "offsets" / "0"
        silver.wait_for("session")
        while not offsets.exists():
            assert silver.process.poll() is None, silver.said
            silver.next_line(0.01)
        os.killpg(silver.process.pid, signal.SIGINT)
        silver.wait_for("interrupted with 0 queries active", 60)
        assert silver.process.wait(60) == INTERRUPTED
    for name in ORDERS:
        run(lakehouse.table(name), lake)
    expected = truth([batch])
    assert len(rows(lake.path(lakehouse.table("bronze.orders")))) == expected.counts["orders"].lines
    found = rows(lake.path(lakehouse.table("silver.orders")), "order_id", "status", "amount")
    assert sorted((r["order_id"], r["status"], r["amount"]) for r in found) == sorted(
        (key, row["status"], row["amount"]) for key, row in expected.orders.items()
    )
