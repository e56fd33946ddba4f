"""A live run over real tables: what lands while it goes on, and what goes wrong meanwhile."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.gold import batch_result
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.orchestration.check_states import latest_evaluations
from medallion_assets.orchestration.checks import check_specs, past_of
from medallion_assets.orchestration.keys import table_key
from medallion_assets_tests.lakehouse.delta_rows import in_order, rows
from medallion_assets_tests.orchestration import judged_lakehouse as judged
from medallion_assets_tests.orchestration.live.live_run import House
from medallion_assets_tests.orchestration.small_lakehouse import (
    bronze_orders,
    gold_revenue,
    silver_orders,
    small_lakehouse,
)

pytestmark = pytest.mark.usefixtures("spark")

CUSTOMERS = {"customer_id": 1, "country": "NL", "seq": 1}


def order(number: int, amount: float = 10.0) -> dict[str, Any]:
    return {"order_id": number, "customer_id": 1, "amount": amount, "seq": 1}


def tags(record: dg.EventLogRecord) -> dict[str, str]:
    materialization = record.asset_materialization
    assert materialization is not None
    # The numbers of events differ, as the later run's inputs were told of again.
    return {k: v for k, v in (materialization.tags or {}).items() if "event_pointer" not in k}


def metadata(record: dg.EventLogRecord) -> set[str]:
    materialization = record.asset_materialization
    assert materialization is not None
    return set(materialization.metadata)


def test_what_lands_while_it_goes_on_is_in_gold_and_told_as_by_a_run(lake: Lake) -> None:
    house = House(small_lakehouse, lake)
    house.land("customers", "1.json", CUSTOMERS)
    live = house.live(idle_seconds=1.0)
    for number in (1, 2, 3):
        house.land("orders", f"{number}.json", order(number), order(-number, amount=-1.0))
        live.until("gold/revenue")
    assert live.end() is dg.DagsterRunStatus.SUCCESS, live.log()

    assert sorted(row["order_id"] for row in rows(lake.path(bronze_orders))) == [
        *(-3, -2, -1),
        *(1, 2, 3),
    ]
    whole = batch_result(gold_revenue, lake, start_spark()).collect()
    assert in_order(rows(lake.path(gold_revenue))) == in_order(row.asDict() for row in whole)
    assert [row["revenue"] for row in rows(lake.path(gold_revenue))] == [30.0]

    for asset in ("bronze/orders", "silver/orders", "gold/revenue", "silver/orders_quarantine"):
        told = house.written(asset)
        assert len(told) == 3
        assert {record.run_id for record in told} == {live.run_id}
    told_live = {key: house.written(key)[0] for key in ("silver/orders", "gold/revenue")}
    for table in small_lakehouse.tables:
        keys = [spec.key for spec in check_specs(table)]
        newest = house.instance.fetch_materializations(table_key(table), limit=1).records[0]
        for key, said in latest_evaluations(house.instance, keys).items():
            assert said.target_materialization_data is not None, key
            assert said.target_materialization_data.storage_id == newest.storage_id, key
    past = past_of(house.instance, silver_orders)
    assert [len(past[name]) for name in ("positive", "rows_conserved")] == [3, 3]

    assert house.run().success
    for asset, record in told_live.items():
        (run, *_) = house.written(asset)
        assert run.run_id != live.run_id
        assert tags(record) == tags(run)
        assert metadata(record) == metadata(run)


def test_only_what_is_downstream_waits_for_a_check_and_for_a_table_that_failed(lake: Lake) -> None:
    house = House(judged.judged_lakehouse, lake)
    house.land("customers", "1.json", judged.CUSTOMERS)
    house.land("sales", "1.json", judged.CLEAN)
    live = house.live(idle_seconds=2.0)
    live.until("gold/by_customer")

    house.land("sales", "2.json", judged.BAD)
    live.until("silver/sales")
    house.land("customers", "2.json", '{"customer": 3, "seq": 1}\n')
    live.until("silver/customers")
    assert len(house.written("gold/by_customer")) == 1, "gold waits for the check"

    house.land("sales", "3.json", judged.LATER)
    live.until("gold/by_customer")
    whole = batch_result(judged.by_customer, lake, start_spark()).collect()
    assert in_order(rows(lake.path(judged.by_customer))) == in_order(r.asDict() for r in whole)
    assert len(rows(lake.path(judged.sales))) == 2 + 4 + 2

    house.land("sales", "4.json", judged.REFUSED)
    live.until("silver/sales", "ASSET_OBSERVATION")
    house.land("customers", "3.json", '{"customer": 4, "seq": 1}\n')
    live.until("silver/customers")
    assert live.end() is dg.DagsterRunStatus.SUCCESS

    assert len(house.written("gold/by_customer")) == 2
    said = latest_evaluations(house.instance, [spec.key for spec in check_specs(judged.sales)])
    assert [key.name for key, one in said.items() if not one.passed and one.blocking] == [
        "id_present"
    ]
    log = live.log()
    waits = "gold.by_customer waits for amount_positive_blocks of silver.sales"
    assert len([line for line in log if line.startswith(waits)]) == 1
    assert "gold.by_customer goes on" in log
    assert len([line for line in log if line.startswith("silver.sales failed, and what is")]) == 1


def test_a_table_that_another_run_writes_is_left_and_a_second_live_run_is_refused(
    lake: Lake,
) -> None:
    house = House(small_lakehouse, lake)
    house.land("customers", "1.json", CUSTOMERS)
    house.land("orders", "1.json", order(1))
    live = house.live(idle_seconds=3.0)
    live.until("bronze/orders")
    second = house.live(sources=["orders"])
    assert second.end() is dg.DagsterRunStatus.FAILURE
    (refused,) = second.failures
    assert f"is being written by live run {live.run_id}" in refused

    with locks.hold(lake.lock_path(silver_orders), "silver.orders", "run of another"):
        live.until("silver/customers")
        house.land("customers", "2.json", {"customer_id": 2, "country": "DE", "seq": 1})
        live.until("silver/customers")
        assert not house.written("silver/orders")
    live.until("gold/revenue")

    # As somebody does who materializes everything by hand meanwhile.
    house.land("orders", "2.json", order(2))
    assert house.run().success
    house.land("orders", "3.json", order(3))
    live.until("gold/revenue")
    assert live.end() is dg.DagsterRunStatus.SUCCESS
    assert sorted(row["order_id"] for row in rows(lake.path(bronze_orders))) == [1, 2, 3]
    assert [row["revenue"] for row in rows(lake.path(gold_revenue))] == [30.0]
    left = "silver.orders waits for its turn: silver.orders is being written by run of another"
    assert len([line for line in live.log() if line.startswith(left)]) == 1
