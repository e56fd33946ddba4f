"""The truth table of docs/automation.md against a real daemon: one timeline, looked at by rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from medallion_assets.lakehouse.lag import Lag
from medallion_assets.orchestration.source_decision import FIRST_PAUSE_SECONDS
from medallion_assets_tests.lakehouse.delta_rows import append, in_order, rows
from medallion_assets_tests.orchestration import automation_location
from medallion_assets_tests.orchestration.daemon import Daemon, Ran, running_daemon
from medallion_assets_tests.orchestration.small_lakehouse import gold_revenue

pytestmark = pytest.mark.process

COUNTRIES = {1: "NL", 2: "DE"}
CUSTOMERS = [
    {"customer_id": customer, "country": country, "seq": 1}
    for customer, country in COUNTRIES.items()
]
FIRST = [
    {"order_id": 1, "customer_id": 1, "amount": 10.0, "seq": 1},
    {"order_id": 2, "customer_id": 2, "amount": 20.0, "seq": 1},
]
DEAR = {"order_id": 3, "customer_id": 1, "amount": 50_000.0, "seq": 1}
CORRECTED = {"order_id": 3, "customer_id": 1, "amount": 30.0, "seq": 2}
LATE = {"order_id": 4, "customer_id": 2, "amount": 40.0, "seq": 1}
FROM_ORDERS = {"bronze/orders", "silver/orders", "gold/revenue"}
Gold = list[dict[str, Any]]


@dataclass(frozen=True)
class Timeline:
    """What was seen at each stop; runs are those that have to do with gold."""

    arrived: list[Ran]
    arrived_gold: Gold
    quiet: list[Ran]
    blocked: list[Ran]
    blocked_gold: Gold
    blocked_unread: tuple[str, ...]
    recovered: list[Ran]
    recovered_gold: Gold
    landed_late: float
    parcels: list[Ran]
    ticks: list[tuple[float, str, list[str]]]


@pytest.fixture(scope="module")
def timeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Timeline]:
    root = tmp_path_factory.mktemp("automation")
    with running_daemon(root, automation_location.__name__) as daemon:
        yield _watch(daemon)


def _watch(daemon: Daemon) -> Timeline:
    def gold() -> Gold:
        return in_order(rows(daemon.lake.path(gold_revenue)))

    daemon.land("customers", "1.json", *CUSTOMERS)
    daemon.land("orders", "1.json", *FIRST)
    daemon.wait_for_runs("gold/revenue", 1)
    arrived, arrived_gold = daemon.ran("gold/revenue"), gold()

    for _ in range(2):
        daemon.instance.report_runless_asset_event(
            dg.AssetMaterialization("landing/orders", tags={"dagster/data_version": "1"})
        )
    daemon.wait_ticks(3)
    quiet = daemon.ran("gold/revenue")

    # Filled, with no checkpoint that says of what: each of its runs fails, before it needs Spark.
    parcels = daemon.lake.path(automation_location.bronze_parcels)
    append(parcels, [{"id": 1}], {"id": pa.int64()})
    daemon.wait_for_runs("bronze/parcels", 1)

    daemon.land("orders", "2.json", DEAR)
    daemon.wait_for_runs("gold/revenue", 2)
    daemon.wait_ticks(3)
    blocked, blocked_gold = daemon.ran("gold/revenue"), gold()
    unread = Lag.of(gold_revenue, daemon.lake).unread

    daemon.land("orders", "3.json", CORRECTED)
    daemon.wait_for("bronze in the third run", lambda: _bronze_is_written(daemon, 3))
    daemon.land("orders", "4.json", LATE)
    landed_late = len(daemon.ran("gold/revenue"))
    daemon.wait_for_runs("gold/revenue", 4)
    daemon.wait_for_runs("bronze/parcels", 2)
    daemon.wait_ticks(2)
    return Timeline(
        arrived=arrived,
        arrived_gold=arrived_gold,
        quiet=quiet,
        blocked=blocked,
        blocked_gold=blocked_gold,
        blocked_unread=unread,
        recovered=daemon.ran("gold/revenue"),
        recovered_gold=gold(),
        landed_late=landed_late,
        parcels=daemon.ran("bronze/parcels"),
        ticks=[(tick.timestamp, tick.status.value, list(tick.run_ids)) for tick in daemon.ticks()],
    )


def _bronze_is_written(daemon: Daemon, run: int) -> bool:
    runs = daemon.runs("bronze/orders")
    newest = daemon.instance.get_latest_materialization_event(dg.AssetKey(["bronze", "orders"]))
    written_by = None if newest is None else newest.run_id
    return len(runs) >= run and written_by == runs[-1].dagster_run.run_id


def revenue(*orders: dict[str, Any]) -> Gold:
    """Gold by plain Python: the newest of each order, by its customer's country."""
    newest = {order["order_id"]: order for order in sorted(orders, key=lambda one: one["seq"])}
    totals: dict[str, float] = {}
    for order in newest.values():
        country = COUNTRIES[order["customer_id"]]
        totals[country] = totals.get(country, 0.0) + order["amount"]
    return in_order({"country": name, "revenue": total} for name, total in totals.items())


def test_new_files_start_one_run_over_all_that_is_downstream(timeline: Timeline) -> None:
    (run,) = timeline.arrived
    assert run.succeeded
    assert run.assets == {"bronze/customers", "silver/customers", *FROM_ORDERS}
    assert run.written >= run.assets
    assert timeline.arrived_gold == revenue(*FIRST)


def test_nothing_new_requests_nothing(timeline: Timeline) -> None:
    assert timeline.quiet == timeline.arrived


def test_gold_waits_for_a_failed_blocking_check(timeline: Timeline) -> None:
    first, blocked = timeline.blocked
    assert first == timeline.arrived[0]
    assert blocked.assets >= FROM_ORDERS
    assert blocked.written >= {"bronze/orders", "silver/orders"}
    assert "gold/revenue" not in blocked.written
    assert not blocked.succeeded
    assert timeline.blocked_unread == ("silver.orders",), "gold is behind, and not run"
    assert timeline.blocked_gold == timeline.arrived_gold


def test_gold_follows_when_the_check_passes_and_nothing_is_lost(timeline: Timeline) -> None:
    assert timeline.recovered[2].written >= FROM_ORDERS
    assert timeline.recovered_gold == revenue(*FIRST, DEAR, CORRECTED, LATE)


def test_what_lands_while_a_run_goes_on_is_caught_up(timeline: Timeline) -> None:
    assert timeline.landed_late == 2, "the third run was going on"
    _, _, third, fourth = timeline.recovered
    assert fourth.created >= third.ended
    assert fourth.written >= FROM_ORDERS
    assert not fourth.assets & {"bronze/customers", "silver/customers"}


def test_a_failing_table_is_tried_again_after_a_pause_that_grows(timeline: Timeline) -> None:
    pause = FIRST_PAUSE_SECONDS
    assert len(timeline.parcels) >= 2
    for attempt, after in zip(timeline.parcels, timeline.parcels[1:], strict=False):
        assert after.created - attempt.ended >= pause
        waiting = [tick for tick, _, _ in timeline.ticks if attempt.ended < tick < after.created]
        assert len(waiting) >= 3, "it was looked at meanwhile"
        pause *= 2
    assert not any(run.succeeded for run in timeline.parcels)


def test_no_tick_of_the_sensor_fails(timeline: Timeline) -> None:
    assert {status for _, status, _ in timeline.ticks} <= {"SKIPPED", "SUCCESS"}
