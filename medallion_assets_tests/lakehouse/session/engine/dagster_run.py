"""A Dagster run whose engine is killed while its gold table is computed, on the first attempt.

`python -m ...dagster_run LAKE LANDING`; it says how often the step was tried, and what gold holds.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.session.engine import attachment
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    SilverTable,
)
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets.orchestration.jobs import LAKEHOUSE_JOB
from medallion_assets_tests.lakehouse.session.engine.client import say

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

DAGSTER_RUN = "medallion_assets_tests.lakehouse.session.engine.dagster_run"

killed: list[int] = []


def total(orders: DataFrame) -> DataFrame:
    attached = attachment.current()
    if not killed and attached is not None:
        killed.append(attached.process)
        say("killing", attached.process)
        os.kill(attached.process, signal.SIGKILL)
    return orders.groupBy("shop").agg({"amount": "sum"}).withColumnRenamed("sum(amount)", "amount")


bronze = BronzeTable(
    name="orders",
    source=LandingDirectory(name="orders", format="json", schema="shop STRING, amount BIGINT"),
)
silver = SilverTable(name="orders", source=bronze, transform=lambda rows: rows)
gold = GoldTable(name="amounts", sources={"orders": silver}, group_by={"shop": "shop"}, query=total)


def main() -> None:
    lake = Lake(Path(sys.argv[1]), Path(sys.argv[2]))
    defs = build_definitions(Lakehouse.from_tables([gold]), lake=LakeResource.of(lake))
    job = defs.resolve_job_def(LAKEHOUSE_JOB)
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False)
    retried = [event for event in result.all_events if event.is_step_up_for_retry]
    for event in retried:
        error = event.step_retry_data.error
        say("retried", event.step_key, " ".join(str(error).split()))
    say("success", result.success)
    preview = lake.log(gold).version()
    say("version", preview)


if __name__ == "__main__":
    main()
