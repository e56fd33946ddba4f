from __future__ import annotations

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.lag import Lag
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lookups import Lookups
from medallion_assets.lakehouse.streams import sources
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import GoldTable, SilverTable, Table
from medallion_assets_tests.lakehouse.delta_rows import append, raw
from medallion_assets_tests.orchestration import small_lakehouse as shop

KEY = {"id": pa.int64()}
JOINED = SilverTable(
    name="joined",
    source=raw("left"),
    joins={"other": raw("right")},
    transform=lambda left, other: left.union(other),
)


def commit(lake: Lake, table: Table) -> None:
    append(lake.path(table), [{"id": 1}], KEY)


def read_all(lake: Lake, table: SilverTable | GoldTable) -> None:
    """Note what a run notes that has read everything."""
    checkpoint = Checkpoint(lake.stream_directory(table))
    if isinstance(table, GoldTable):
        found = {name: lake.log(source).version() for name, source in table.sources.items()}
    else:
        changed = Lookups(table, lake, checkpoint).changed()
        followed = {name: now for name, (_, _, now) in changed.items()}
        found = {**sources.versions(sources.streamed(table), lake), **followed}
    checkpoint.record_consumed({name: v for name, v in found.items() if v is not None})


def unread(table: SilverTable | GoldTable, lake: Lake) -> tuple[str, ...]:
    return Lag.of(table, lake).unread


@pytest.mark.parametrize("table", [shop.silver_orders, shop.gold_revenue, JOINED])
def test_a_table_whose_sources_are_not_there_has_nothing_to_read(
    lake: Lake, table: SilverTable | GoldTable
) -> None:
    assert unread(table, lake) == ()


def test_a_join_waits_for_all_of_its_streams(lake: Lake) -> None:
    commit(lake, JOINED.source)
    assert unread(JOINED, lake) == ()
    commit(lake, JOINED.joins["other"])
    assert unread(JOINED, lake) == ("bronze.left", "bronze.right")
    read_all(lake, JOINED)
    commit(lake, JOINED.joins["other"])
    assert unread(JOINED, lake) == ("bronze.right",)


def test_a_silver_table_follows_what_it_streams_and_what_it_looks_up(lake: Lake) -> None:
    commit(lake, shop.bronze_orders)
    assert unread(shop.silver_orders, lake) == ("bronze.orders",)
    read_all(lake, shop.silver_orders)
    assert unread(shop.silver_orders, lake) == ()
    commit(lake, shop.silver_customers)
    assert unread(shop.silver_orders, lake) == ("silver.customers",)
    read_all(lake, shop.silver_orders)
    assert unread(shop.silver_orders, lake) == ()


def test_a_gold_table_follows_its_sources(lake: Lake) -> None:
    commit(lake, shop.silver_orders)
    read_all(lake, shop.gold_revenue)
    assert unread(shop.gold_revenue, lake) == ()
    commit(lake, shop.silver_orders)
    assert unread(shop.gold_revenue, lake) == ("silver.orders",)


def test_the_mark_moves_with_what_is_there_and_with_what_is_read(lake: Lake) -> None:
    marks = [Lag.of(shop.silver_orders, lake).mark]
    for table in (shop.bronze_orders, shop.silver_customers):
        commit(lake, table)
        marks.append(Lag.of(shop.silver_orders, lake).mark)
    read_all(lake, shop.silver_orders)
    marks.append(Lag.of(shop.silver_orders, lake).mark)
    assert len(set(marks)) == len(marks)
    assert Lag.of(shop.silver_orders, lake).mark == marks[-1]
