"""When the tables' conditions hold: the truth table of docs/automation.md, without a daemon."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg
import pytest

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import Automation
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse
from medallion_assets_tests.orchestration.watched_lakehouse import Watched

BRONZE = ("bronze/customers", "bronze/orders")
SILVER = ("silver/customers", "silver/orders")
ALL = {*BRONZE, *SILVER, "gold/revenue"}
FROM_ORDERS = {"bronze/orders", "silver/orders", "gold/revenue"}
NAMES = ("bronze.customers", "bronze.orders", "silver.customers", "silver.orders", "gold.revenue")


@pytest.fixture
def caught_up(lake: Lake) -> Watched:
    """Every table is filled, has read everything, and Dagster knows of it."""
    watched = Watched(lake)
    fill(watched)
    watched.tick()
    assert watched.run(*ALL)
    return watched


def fill(watched: Watched) -> None:
    for name in NAMES:
        watched.commit(name)
    watched.take("silver.customers", "silver.orders", "gold.revenue")


def test_an_empty_lake_requests_nothing(lake: Lake) -> None:
    watched = Watched(lake)
    assert [watched.tick() for _ in range(3)] == [set()] * 3


def test_a_lake_that_is_older_than_the_instance_is_made_known_to_it_once(lake: Lake) -> None:
    watched = Watched(lake)
    fill(watched)
    assert watched.tick() == ALL
    assert watched.run(*ALL), "without Spark, as nothing is new"
    assert watched.tick(3600) == set()


def test_nothing_new_requests_nothing(caught_up: Watched) -> None:
    assert [caught_up.tick(), caught_up.tick(3600), caught_up.tick(7200)] == [set()] * 3


@pytest.mark.parametrize(
    ("happens", "requested"),
    [
        (lambda watched: watched.land("orders"), FROM_ORDERS),
        (
            lambda watched: watched.commit("bronze.orders"),
            {"silver/orders", "gold/revenue"},
        ),
        (
            lambda watched: watched.commit("bronze.customers"),
            {"silver/customers", "silver/orders", "gold/revenue"},
        ),
        (
            lambda watched: watched.commit("silver.customers"),
            {"silver/orders", "gold/revenue"},
        ),
        (lambda watched: watched.commit("silver.orders"), {"gold/revenue"}),
        (lambda watched: watched.commit("gold.revenue"), set()),
    ],
    ids=["file", "bronze", "bronze that is looked up", "lookup", "silver", "gold"],
)
def test_what_is_new_requests_all_that_is_downstream_in_one_tick(
    caught_up: Watched, happens: Callable[[Watched], object], requested: set[str]
) -> None:
    happens(caught_up)
    assert caught_up.tick() == requested


def test_a_run_that_took_nothing_new_requests_nothing_downstream(caught_up: Watched) -> None:
    assert caught_up.run("bronze/orders", "silver/orders")
    assert caught_up.tick() == set()


def test_a_source_that_is_reported_again_requests_nothing(caught_up: Watched) -> None:
    for version in ("1", "1", "2"):
        caught_up.instance.report_runless_asset_event(
            dg.AssetMaterialization("landing/orders", tags={"dagster/data_version": version})
        )
        assert caught_up.tick() == set()


def test_a_failed_blocking_check_holds_back_what_is_downstream_until_it_passes(
    caught_up: Watched,
) -> None:
    caught_up.judge("silver.orders", "has_key", passed=False)
    caught_up.commit("silver.orders")
    assert [caught_up.tick(), caught_up.tick(3600)] == [set()] * 2
    caught_up.commit("silver.orders")
    assert caught_up.tick() == set()
    caught_up.judge("silver.orders", "has_key", passed=True)
    assert caught_up.tick() == {"gold/revenue"}


def test_a_warning_holds_nothing_back(caught_up: Watched) -> None:
    caught_up.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=dg.AssetKey(["silver", "orders"]),
            check_name="small",
            passed=False,
            metadata={},
            severity=dg.AssetCheckSeverity.WARN,
        )
    )
    caught_up.commit("silver.orders")
    assert caught_up.tick() == {"gold/revenue"}


def test_a_blocked_table_goes_along_with_what_is_judged_anew(caught_up: Watched) -> None:
    # In one run Dagster itself stops it, should the check fail again.
    caught_up.judge("silver.orders", "has_key", passed=False)
    caught_up.commit("bronze.orders")
    assert caught_up.tick() == {"silver/orders", "gold/revenue"}


def test_what_comes_while_a_run_goes_on_is_taken_after_it(caught_up: Watched) -> None:
    caught_up.commit("silver.orders")
    assert caught_up.tick() == {"gold/revenue"}
    run = caught_up.begin_run("gold/revenue")
    caught_up.take("gold.revenue")
    caught_up.commit("silver.orders")
    assert [caught_up.tick(), caught_up.tick()] == [set()] * 2
    caught_up.instance.report_run_canceled(run)
    assert caught_up.tick() == {"gold/revenue"}


def test_a_run_over_a_table_and_its_downstream_is_waited_for_by_all_of_them(
    caught_up: Watched,
) -> None:
    run = caught_up.begin_run("bronze/orders", "silver/orders", "gold/revenue")
    caught_up.land("orders")
    caught_up.commit("silver.customers")
    assert caught_up.tick() == set()
    caught_up.instance.report_run_failed(run)
    assert caught_up.tick() == FROM_ORDERS


def test_a_request_that_came_to_nothing_is_made_again(caught_up: Watched) -> None:
    caught_up.commit("silver.orders")
    assert caught_up.tick() == {"gold/revenue"}
    assert caught_up.tick() == set()
    assert caught_up.tick(31) == {"gold/revenue"}


def test_a_failing_table_is_tried_again_after_a_pause_that_grows(caught_up: Watched) -> None:
    identity = caught_up.lake.stream_directory(small_lakehouse.table("gold.revenue"))
    held = (identity / "_stream.json").read_text()
    (identity / "_stream.json").unlink()
    caught_up.commit("silver.orders")
    assert caught_up.tick() == {"gold/revenue"}
    for pause in (30, 60, 120):
        assert not caught_up.run("gold/revenue")
        assert [caught_up.tick(), caught_up.tick(pause - 5)] == [set()] * 2
        caught_up.commit("silver.orders")
        assert caught_up.tick(pause - 4) == set(), "also where more has come"
        assert caught_up.tick(pause + 1) == {"gold/revenue"}
    (identity / "_stream.json").write_text(held)
    caught_up.take("gold.revenue")
    assert caught_up.run("gold/revenue")
    assert caught_up.tick(3600) == set()
    caught_up.commit("silver.orders")
    assert caught_up.tick() == {"gold/revenue"}, "a run that helped ends the pauses"


def test_a_failing_table_holds_back_only_what_is_downstream(caught_up: Watched) -> None:
    gold = caught_up.lake.stream_directory(small_lakehouse.table("gold.revenue"))
    (gold / "_stream.json").unlink()
    caught_up.commit("silver.orders")
    caught_up.tick()
    assert not caught_up.run("gold/revenue")
    caught_up.commit("bronze.orders")
    assert caught_up.tick() == {"silver/orders"}, "and is not run again with each new file"


def test_a_run_that_was_killed_before_it_reported_is_made_up_for(caught_up: Watched) -> None:
    run = caught_up.begin_run("silver/orders", "gold/revenue")
    # It took everything, and did not come to say so: its checks have no verdict.
    caught_up.commit("bronze.orders")
    caught_up.take("silver.orders")
    caught_up.commit("silver.orders")
    caught_up.instance.report_run_failed(run)
    assert caught_up.tick() == {"silver/orders", "gold/revenue"}


def test_a_table_reported_without_its_checks_is_judged_again(caught_up: Watched) -> None:
    assert caught_up.run("silver/orders_quarantine")
    # After the pause of a table whose last request took nothing.
    assert caught_up.tick(31) == {"silver/orders", "gold/revenue"}
    assert caught_up.run("silver/orders", "gold/revenue")
    assert caught_up.tick() == set()


def test_a_table_that_cannot_be_looked_at_does_not_hold_up_the_others(caught_up: Watched) -> None:
    log = caught_up.lake.path(small_lakehouse.table("bronze.customers")) / "_delta_log"
    (log / f"{0:020d}.json").write_text("not a commit")
    caught_up.land("orders")
    assert caught_up.tick() >= {"bronze/orders", "gold/revenue"}


def test_the_environment_says_who_requests_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDALLION_AUTOMATION", raising=False)
    assert Automation.from_environment() is Automation.SENSORS
    monkeypatch.setenv("MEDALLION_AUTOMATION", "declarative")
    assert Automation.from_environment() is Automation.DECLARATIVE
    monkeypatch.setenv("MEDALLION_AUTOMATION", "eager")
    with pytest.raises(OptionError, match=r"'eager'; it can be sensors or declarative"):
        Automation.from_environment()
