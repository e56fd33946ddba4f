"""A small lakehouse of its own: every kind of table and rule once, over two landing directories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.quality.expectations import (
    expect,
    expect_or_fail,
    expect_or_quarantine,
)
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    Lookup,
    SilverTable,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def clean_customers(customers: DataFrame) -> DataFrame:
    return customers.select("customer_id", "country", "seq")


def clean_orders(orders: DataFrame) -> DataFrame:
    return orders.select("order_id", "customer_id", "amount", "seq")


def revenue_by_country(orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    return orders.groupBy("country").agg(functions.sum("amount").alias("revenue"))


customers_landing = LandingDirectory(
    name="customers",
    format="json",
    schema="customer_id BIGINT, country STRING, seq BIGINT",
)
orders_landing = LandingDirectory(
    name="orders",
    format="json",
    schema="order_id BIGINT, customer_id BIGINT, amount DOUBLE, seq BIGINT",
    description="Orders as they come.",
)
bronze_customers = BronzeTable(name="customers", source=customers_landing)
bronze_orders = BronzeTable(
    name="orders", source=orders_landing, description="Raw orders.", owners=("team:shop",)
)
silver_customers = SilverTable(
    name="customers",
    source=bronze_customers,
    transform=clean_customers,
    keys=("customer_id",),
    sequence_by=("seq",),
)
silver_orders = SilverTable(
    name="orders",
    source=bronze_orders,
    transform=clean_orders,
    keys=("order_id",),
    sequence_by=("seq",),
    owners=("team:shop",),
    tags={"domain": "sales"},
    column_descriptions={"order_id": "The order's number."},
    expectations=(
        expect("small", "amount < 1000"),
        expect_or_quarantine("positive", "amount > 0"),
        expect_or_fail("has_key", "order_id IS NOT NULL"),
    ),
    lookups=(Lookup(table=silver_customers, key="customer_id", columns={"country": "country"}),),
)
gold_revenue = GoldTable(
    name="revenue",
    sources={"orders": silver_orders},
    group_by={"country": "country"},
    query=revenue_by_country,
)

small_lakehouse = Lakehouse.from_tables([gold_revenue, bronze_customers])
