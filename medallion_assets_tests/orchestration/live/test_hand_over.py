"""Who requests runs holds still while a live run goes on, and takes over when it has ended."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration.live.live_runs import LIVE_JOB
from medallion_assets_tests.orchestration.test_landing_sensor import Orders, reason, requested
from medallion_assets_tests.orchestration.watched_lakehouse import Watched


@pytest.fixture
def orders(tmp_path: Path) -> Orders:
    return Orders(tmp_path, dg.DagsterInstance.ephemeral())


def add_live(instance: dg.DagsterInstance, *sources: str) -> str:
    """A live run as the instance stores it, which goes on."""
    config = {"ops": {"live": {"config": {"sources": list(sources)}}}}
    run = dg.DagsterRun(
        job_name=LIVE_JOB, status=dg.DagsterRunStatus.STARTED, run_config=config if sources else {}
    )
    return instance.add_run(run).run_id


def end(instance: dg.DagsterInstance, run_id: str) -> None:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    instance.report_run_canceling(run)
    instance.report_run_canceled(run)


@pytest.mark.parametrize("sources", [(), ("orders",)])
def test_a_sensor_skips_while_its_source_is_taken_live_and_takes_over_once(
    orders: Orders, sources: tuple[str, ...]
) -> None:
    live = add_live(orders.instance, *sources)
    orders.land()
    skipped = f"run {live[:8]} (live_job) is started: it takes what lands, until it ends"
    assert reason(orders.tick()) == skipped
    end(orders.instance, live)
    taking_over = requested(orders.tick())
    assert taking_over.run_key == f"orders:after-live:{live}"
    assert requested(orders.tick()).run_key == taking_over.run_key, "which Dagster makes one run of"
    orders.add_run(dg.DagsterRunStatus.SUCCESS)
    assert "succeeded and took nothing" in reason(orders.tick()), "as after any run"


def test_a_live_run_that_ended_between_two_tables_is_followed_though_nothing_landed(
    orders: Orders,
) -> None:
    end(orders.instance, live := add_live(orders.instance))
    assert requested(orders.tick()).run_key == f"orders:after-live:{live}"
    orders.add_run(dg.DagsterRunStatus.SUCCESS)
    assert reason(orders.tick()) == "looked at 0 files, nothing new"


def test_a_live_run_of_another_source_holds_nothing_back(orders: Orders) -> None:
    live = add_live(orders.instance, "customers")
    orders.land()
    assert requested(orders.tick()).run_key == "orders:none:0"
    end(orders.instance, live)
    assert requested(orders.tick()).run_key == "orders:none:0"


def test_conditions_wait_for_the_live_run_of_any_source_above(lake: Lake) -> None:
    watched = Watched(lake)
    watched.land("customers")
    live = add_live(watched.instance, "customers")
    watched.land("orders")
    assert watched.tick() == {"bronze/orders"}
    end(watched.instance, live)
    assert watched.tick() >= {"bronze/customers"}
