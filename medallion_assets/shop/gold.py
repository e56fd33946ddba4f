"""Gold: what the business reads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.quality.table_checks import SameTotal, SchemaContract
from medallion_assets.lakehouse.tables import GoldTable
from medallion_assets.shop import silver

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_OWNERS = ("team:analytics",)
_SOLD = "status <> 'cancelled'"


def _daily_revenue(orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return (
        orders.where(_SOLD)
        .groupBy("order_date", "category")
        .agg(
            F.count("*").alias("orders"),
            F.sum("quantity").alias("units"),
            F.sum("amount").alias("revenue"),
        )
    )


daily_revenue = GoldTable(
    name="daily_revenue",
    sources={"orders": silver.orders},
    group_by={"order_date": "order_date", "category": "coalesce(category, 'unknown')"},
    query=_daily_revenue,
    checks=(
        SameTotal("sum(revenue)", silver.orders, f"sum(amount) filter (where {_SOLD})"),
        SchemaContract(
            {
                "order_date": "date",
                "category": "string",
                "orders": "bigint",
                "units": "bigint",
                "revenue": "decimal(22,2)",
            }
        ),
    ),
    fresh_within=timedelta(hours=36),
    description="Orders, units and revenue by day and category, without cancelled orders.",
    owners=_OWNERS,
    column_descriptions={
        "order_date": "The UTC day of the order.",
        "category": "The product's category, or unknown.",
        "orders": "Orders placed that day.",
        "units": "Pieces in those orders.",
        "revenue": "In euro, with tax.",
    },
)


def _customer_value(orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return (
        orders.where(_SOLD)
        .groupBy("customer_id")
        .agg(
            F.count("*").alias("orders"),
            F.sum("amount").alias("revenue"),
            F.min("ordered_at").alias("first_ordered_at"),
            F.max("ordered_at").alias("last_ordered_at"),
        )
    )


customer_value = GoldTable(
    name="customer_value",
    sources={"orders": silver.orders},
    group_by={"customer_id": "customer_id"},
    query=_customer_value,
    description="What each customer has bought so far.",
    owners=_OWNERS,
    data_subject={"customer_id": "customer_id"},
    column_descriptions={
        "customer_id": "The customer; null for orders without one.",
        "orders": "Orders that were not cancelled.",
        "revenue": "In euro, with tax, without cancelled orders.",
        "first_ordered_at": "The earliest of those orders.",
        "last_ordered_at": "The latest of those orders.",
    },
)


def _click_conversion(clicks: DataFrame, orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    viewed = clicks.groupBy("day", "product_id").agg(F.count("*").alias("clicks"))
    sold = orders.where(_SOLD).groupBy("day", "product_id").agg(F.count("*").alias("orders"))
    return (
        viewed.join(sold, ["day", "product_id"], "full")
        .fillna(0, ["clicks", "orders"])
        .withColumn("orders_per_click", F.try_divide("orders", "clicks"))
    )


click_conversion = GoldTable(
    name="click_conversion",
    sources={"clicks": silver.clicks, "orders": silver.orders},
    group_by={"day": {"clicks": "day", "orders": "order_date"}, "product_id": "product_id"},
    query=_click_conversion,
    description="Page views and orders of each product by day.",
    owners=_OWNERS,
    column_descriptions={
        "day": "The UTC day.",
        "product_id": "The product.",
        "clicks": "Page views of the product that day.",
        "orders": "Orders of the product that day, without cancelled ones.",
        "orders_per_click": "Null where nobody looked at the product.",
    },
)
