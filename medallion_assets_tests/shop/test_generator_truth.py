"""The truth is true: it is what SQL finds in the written files, in whatever order they came."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion_assets.shop.generator import ShopGenerator, Truth
from medallion_assets.shop.generator import truth as expected
from medallion_assets_tests.shop.sample import (
    Json,
    avro_rows,
    lines,
    parsed,
    sample_batches,
    seeds,
    sizes,
)


@pytest.fixture(scope="module")
def truth() -> Truth:
    return expected(sample_batches())


SILVER_AND_GOLD = """
create view order_rows as select order_id, customer_id, product_id,
    try_cast(quantity as int) as quantity, amount, status, ordered_at::timestamptz as ordered_at,
    updated_at::timestamptz as updated_at, channel
from read_ndjson('{files}/orders/*.json', ignore_errors = true, columns = {{
    order_id: 'bigint', customer_id: 'bigint', product_id: 'varchar', quantity: 'varchar',
    amount: 'decimal(12,2)', status: 'varchar', ordered_at: 'varchar', updated_at: 'varchar',
    channel: 'varchar'}});
create table customers as select c.after.customer_id as customer_id, c.after.name as name,
    lower(trim(c.after.email)) as email, c.after.country as country, c.after.segment as segment,
    c.after.updated_at as updated_at
from (from read_ndjson('{files}/customers/*.json', columns = {{op: 'varchar',
    before: 'struct(customer_id bigint)', source: 'struct(lsn bigint)', after: 'struct(customer_id
    bigint, name varchar, email varchar, country varchar, segment varchar, updated_at timestamptz)'
    }}) qualify row_number() over (partition by coalesce(after.customer_id, before.customer_id)
    order by source.lsn desc) = 1) as c where op <> 'd';
create table products as select product_id, name, category, try_cast(price as decimal(12,2)) as
    price, updated_at::timestamptz as updated_at
from read_csv('{files}/products/*.csv', delim = '|', header = true, ignore_errors = true,
    auto_detect = false, null_padding = false, columns = {{product_id: 'varchar', name: 'varchar',
    category: 'varchar', price: 'varchar', updated_at: 'varchar'}})
where try_cast(price as decimal(12,2)) > 0
qualify row_number() over (partition by product_id order by updated_at desc) = 1;
create table clicks as select distinct * from click_rows;
create table shipments as select * from
    read_parquet('{files}/shipments/*/*.parquet', hive_partitioning = true)
qualify row_number() over (partition by shipment_id order by updated_at desc) = 1;
create table orders as select o.*, c.name as customer_name, c.country as customer_country,
    c.segment as customer_segment, p.name as product_name, p.category
from (from order_rows where order_id is not null and quantity > 0 and amount >= 0
    and status in ('placed', 'paid', 'shipped', 'cancelled') and ordered_at is not null
    qualify row_number() over (partition by order_id order by updated_at desc) = 1) as o
left join customers c using (customer_id) left join products p using (product_id);
create view sold as from orders where status <> 'cancelled';
create table daily_revenue as select ordered_at::date as order_date, coalesce(category, 'unknown')
    as category, count(*) as orders, sum(quantity)::bigint as units, sum(amount) as revenue
from sold group by 1, 2;
create table customer_value as select customer_id, count(*) as orders, sum(amount) as revenue,
    min(ordered_at) as first_ordered_at, max(ordered_at) as last_ordered_at from sold group by 1;
create table customer_features as select customer_id, country, segment,
    coalesce(orders, 0) as orders, coalesce(cancelled, 0) as cancelled_orders,
    cancelled / (orders + cancelled) as cancelled_share, coalesce(units, 0)::bigint as units,
    coalesce(revenue, 0) as revenue, revenue::double / orders as average_order_value,
    coalesce(products, 0) as products, coalesce(categories, 0) as categories, first_ordered_at,
    last_ordered_at, days as days_as_buyer, days / nullif(orders - 1, 0) as days_between_orders,
    coalesce(clicks, 0) as clicks, coalesce(clicked_products, 0) as clicked_products,
    coalesce(sessions, 0) as sessions, last_clicked_at,
    greatest(last_placed_at, last_clicked_at) as last_seen_at,
    date_diff('day', last_ordered_at, greatest(last_placed_at, last_clicked_at))
        as days_since_last_order
from customers full join (select *, date_diff('day', first_ordered_at, last_ordered_at) as days
    from (select customer_id, max(ordered_at) as last_placed_at,
        count(*) filter (status <> 'cancelled') as orders,
        count(*) filter (status = 'cancelled') as cancelled,
        sum(quantity) filter (status <> 'cancelled') as units,
        sum(amount) filter (status <> 'cancelled') as revenue,
        count(distinct product_id) filter (status <> 'cancelled') as products,
        count(distinct category) filter (status <> 'cancelled') as categories,
        min(ordered_at) filter (status <> 'cancelled') as first_ordered_at,
        max(ordered_at) filter (status <> 'cancelled') as last_ordered_at
    from orders group by 1)) using (customer_id)
full join (select customer_id, count(*) as clicks, count(distinct product_id) as clicked_products,
    count(distinct session_id) as sessions, max(clicked_at) as last_clicked_at
    from clicks group by 1) using (customer_id)
where customer_id is not null;
create table click_conversion as select coalesce(c.day, o.day) as day,
    coalesce(c.product_id, o.product_id) as product_id, coalesce(clicks, 0) as clicks,
    coalesce(orders, 0) as orders
from (select clicked_at::date as day, product_id, count(*) as clicks from clicks group by all) c
full join (select ordered_at::date as day, product_id, count(*) as orders from sold group by all) o
    on c.day = o.day and c.product_id = o.product_id;
"""


GOLD = {"daily_revenue": 2, "customer_value": 1, "customer_features": 1, "click_conversion": 2}
"""Gold table to how many of its columns are its key."""


def recomputed(landing: Path) -> duckdb.DuckDBPyConnection:
    """Compute silver and gold from the files alone, in SQL."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    rows = [row for path in landing.glob("clicks/*.avro") for row in avro_rows(path)]
    connection.register("click_rows", pa.Table.from_pylist(rows))
    connection.execute(SILVER_AND_GOLD.format(files=landing))
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[Json]:
    rows: list[Json] = connection.table(table).to_arrow_table().to_pylist()
    return rows


@pytest.mark.parametrize(("seed", "size"), [(20261101, 200), (5, 400)])
def test_the_truth_is_what_sql_finds_in_the_files(seed: int, size: int, tmp_path: Path) -> None:
    generator = ShopGenerator(seed=seed, orders_per_batch=size)
    made = [generator.batch(number) for number in (1, 2, 3, 4)]
    for batch in made:
        batch.write(tmp_path)
    truth, found = expected(made), recomputed(tmp_path)
    for table in ("orders", "customers", "products", "clicks", "shipments"):
        key = f"{table[:-1]}_id"
        assert {row[key]: row for row in rows_of(found, table)} == getattr(truth, table), table
    for table, keys in GOLD.items():
        actual = {}
        for row in rows_of(found, table):
            values = tuple(row.values())
            actual[values[:keys] if keys > 1 else values[0]] = values[keys:]
        assert actual == getattr(truth, table), table


def test_the_counts_add_up_and_agree_with_the_files(truth: Truth) -> None:
    for feed, counts in truth.counts.items():
        kept = counts.duplicates + counts.superseded + counts.removed + counts.silver
        assert counts.lines == counts.malformed + counts.quarantined + kept, feed
        assert counts.rows == counts.lines - counts.malformed
        assert counts.silver == len(getattr(truth, feed))
        assert counts.quarantined <= sum(counts.invalid.values())
    orders = truth.counts["orders"]
    assert all(orders.invalid.values())
    assert orders.quarantined < sum(orders.invalid.values()), "some row breaks two rules"
    assert orders.lines == sum(1 for _ in lines("orders"))
    assert orders.malformed == sum(parsed(line) is None for _, line in lines("orders"))


def test_gold_leaves_out_what_is_cancelled_and_keeps_what_is_unknown(truth: Truth) -> None:
    assert any(row["status"] == "cancelled" for row in truth.orders.values())
    sold = [row for row in truth.orders.values() if row["status"] != "cancelled"]
    total = sum((row["amount"] for row in sold), Decimal(0))
    assert sum((group.revenue for group in truth.daily_revenue.values()), Decimal(0)) == total
    assert sum((group.revenue for group in truth.customer_value.values()), Decimal(0)) == total
    assert sum(group.orders for group in truth.click_conversion.values()) == len(sold)
    assert sum(group.clicks for group in truth.click_conversion.values()) == len(truth.clicks)
    assert any(category == "unknown" for _, category in truth.daily_revenue)
    assert 999_999_999 in truth.customer_value
    features = truth.customer_features.values()
    assert sum((one.revenue for one in features), Decimal(0)) == total
    assert sum(one.orders + one.cancelled_orders for one in features) == len(truth.orders)
    assert sum(one.clicks for one in features) < len(truth.clicks), "some clicked unknown"
    assert truth.customer_features.keys() >= truth.customers.keys()
    assert any(day < date(2026, 11, 1) for day, _ in truth.daily_revenue)


@settings(max_examples=15, deadline=None)
@given(seed=seeds, size=sizes, order=st.permutations((1, 2, 3, 4)))
def test_the_truth_does_not_depend_on_the_order_of_arrival(
    seed: int, size: int, order: list[int]
) -> None:
    generator = ShopGenerator(seed=seed, orders_per_batch=size)
    made = {number: generator.batch(number) for number in order}
    assert expected([made[n] for n in order]) == expected([made[n] for n in sorted(order)])
