"""What a table with several streams does when one of them is made anew, or looks different."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from medallion_assets.lakehouse.errors import CheckpointInUseError, DeclarationError
from medallion_assets.lakehouse.lake import GENERATION, Lake
from medallion_assets.lakehouse.lineage import table_lineage
from medallion_assets.lakehouse.rebuild import plan, rebuild
from medallion_assets.lakehouse.streams.state import as_state_error
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, SilverTable, Watermark
from medallion_assets_tests.lakehouse.delta_rows import append, raw, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

clicks, orders = raw("clicks"), raw("orders")
TIME = pa.timestamp("us", tz="UTC")
# Every bronze table has this one.
FIELDS = {"id": pa.int64(), "customer": pa.int64(), "at": TIME, "_batch": pa.int64()}


def bought(clicks: DataFrame, orders: DataFrame) -> DataFrame:
    ordered = orders.selectExpr("id as bought", "customer", "at as ordered_at", "_batch")
    within = "ordered_at between at and at + interval 1 hour"
    both = clicks.join(ordered, "customer").where(within)
    return both.drop("customer", "ordered_at")


visits = SilverTable(
    name="visits",
    source=clicks,
    joins={"orders": orders},
    watermarks={"clicks": Watermark("at", "10 minutes"), "orders": Watermark("at", "10 minutes")},
    transform=bought,
)
counted = SilverTable(name="counted", source=orders, transform=lambda orders: orders.select("id"))
house = Lakehouse.from_tables([visits, counted])


def land(lake: Lake, of: BronzeTable, *ids: int, hour: float, more: Any = None) -> None:
    at = datetime.fromisoformat(f"2026-11-01T{int(hour)}:{int(hour % 1 * 60):02}:00+00:00")
    taken = [
        {"id": key, "customer": key % 10, "at": at, "_batch": 1, **(more or {})} for key in ids
    ]
    append(lake.path(of), taken, {**FIELDS, **dict.fromkeys(more or (), pa.string())})


def pairs(lake: Lake) -> list[tuple[int, int]]:
    return sorted((r["id"], r["bought"]) for r in rows(lake.path(visits)))


def test_a_stream_that_is_made_anew_and_one_that_looks_different(
    lake: Lake, spark: SparkSession
) -> None:
    assert plan(house, orders) == (orders, visits, counted)
    for of in (clicks, orders):
        land(lake, of, 1, hour=10)
        land(lake, of, 2, hour=12)
    assert run(visits, lake).rows.late == 0
    land(lake, orders, 11, hour=10.5)
    assert run(visits, lake).rows.late == 1
    assert pairs(lake) == [(1, 1), (2, 2)]
    assert table_lineage(lake, visits).pairs == {
        "id": (("bronze.clicks", "id"),),
        "at": (("bronze.clicks", "at"),),
        "bought": (("bronze.orders", "id"),),
    }

    swapped_in = CommitProperties(app_transactions=[Transaction(GENERATION, 1)])
    whole = pa.table({name: pa.array([], kind) for name, kind in FIELDS.items()})
    write_deltalake(lake.path(orders), whole, mode="append", commit_properties=swapped_in)
    with pytest.raises(CheckpointInUseError, match="orders generation 1"):
        run(visits, lake)
    (parity,) = rebuild(house, visits, lake, lambda: spark)
    # All of it came at once then, and nothing late.
    assert (parity.old_rows, parity.only_old, parity.only_new) == (2, 0, 1)
    assert rows(lake.late_path(visits)) == []

    land(lake, clicks, 21, hour=10)
    land(lake, clicks, 12, hour=11.9, more={"page": "a new column"})
    with pytest.raises(DeclarationError, match=r"silver\.visits: .*name the columns.* rebuild sil"):
        run(visits, lake)
    named = replace(visits, transform=lambda clicks, orders: bought(clicks.drop("page"), orders))
    assert run(named, lake).rows.late == 1
    assert pairs(lake) == [(1, 1), (1, 11), (2, 2), (12, 2)]

    land(lake, orders, 99, hour=12)
    mistaken = replace(visits, watermarks={"clicks": Watermark("customer", "1 hour")})
    with pytest.raises(DeclarationError, match=r"bronze\.clicks: .*'customer' is bigint"):
        run(mistaken, lake)


def test_a_watermark_that_is_set_twice_is_named() -> None:
    said = Exception("... with exception: Redefining watermark is disallowed. You can set ...")
    assert "leave `withWatermark` out of it" in str(as_state_error(said, "silver.visits"))
    assert as_state_error(Exception("another"), "silver.visits") is None
