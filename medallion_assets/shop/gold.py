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


def _customer_features(customers: DataFrame, orders: DataFrame, clicks: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    sold = F.expr(_SOLD)
    known = customers.select("customer_id", "country", "segment")
    ordered = orders.groupBy("customer_id").agg(
        F.count_if(sold).alias("orders"),
        F.count_if(~sold).alias("cancelled_orders"),
        F.sum(F.when(sold, F.col("quantity"))).alias("units"),
        F.sum(F.when(sold, F.col("amount"))).alias("revenue"),
        F.count_distinct(F.when(sold, F.col("product_id"))).alias("products"),
        F.count_distinct(F.when(sold, F.col("category"))).alias("categories"),
        F.min(F.when(sold, F.col("ordered_at"))).alias("first_ordered_at"),
        F.max(F.when(sold, F.col("ordered_at"))).alias("last_ordered_at"),
        F.max("ordered_at").alias("_last_placed_at"),
    )
    clicked = clicks.groupBy("customer_id").agg(
        F.count("*").alias("clicks"),
        F.count_distinct("product_id").alias("clicked_products"),
        F.count_distinct("session_id").alias("sessions"),
        F.max("clicked_at").alias("last_clicked_at"),
    )
    return (
        known.join(ordered, "customer_id", "full")
        .join(clicked, "customer_id", "full")
        .where("customer_id is not null")
        .fillna(0, _COUNTED)
        .selectExpr(
            *("customer_id", "country", "segment", "orders", "cancelled_orders"),
            "try_divide(cancelled_orders, orders + cancelled_orders) as cancelled_share",
            *("units", "revenue", "try_divide(double(revenue), orders) as average_order_value"),
            *("products", "categories", "first_ordered_at", "last_ordered_at"),
            "datediff(last_ordered_at, first_ordered_at) as days_as_buyer",
            "try_divide(datediff(last_ordered_at, first_ordered_at), orders - 1)"
            " as days_between_orders",
            *("clicks", "clicked_products", "sessions", "last_clicked_at"),
            "greatest(_last_placed_at, last_clicked_at) as last_seen_at",
            "datediff(greatest(_last_placed_at, last_clicked_at), last_ordered_at)"
            " as days_since_last_order",
        )
    )


# A customer who has none has 0 of them, not an unknown number.
_COUNTED = [
    *("orders", "cancelled_orders", "units", "revenue", "products", "categories"),
    *("clicks", "clicked_products", "sessions"),
]

customer_features = GoldTable(
    name="customer_features",
    sources={"customers": silver.customers, "orders": silver.orders, "clicks": silver.clicks},
    group_by={"customer_id": "customer_id"},
    query=_customer_features,
    description="What models learn from: a row for everybody who is a customer, has ordered or "
    "clicked. By event times alone, so that a version is the same whenever it is computed.",
    owners=_OWNERS,
    data_subject={"customer_id": "customer_id"},
    column_descriptions={
        "customer_id": "The customer.",
        "country": "Of the customer as it is now; null where the customer is unknown.",
        "segment": "Of the customer as it is now; null where the customer is unknown.",
        "orders": "Orders that were not cancelled.",
        "cancelled_orders": "Orders that were.",
        "cancelled_share": "Of all orders, from 0 to 1; null where there is none.",
        "units": "Pieces in the orders that were not cancelled, as all that follows of orders.",
        "revenue": "In euro, with tax.",
        "average_order_value": "In euro, with tax; null where there is no order.",
        "products": "Different products ordered.",
        "categories": "Different known categories ordered.",
        "first_ordered_at": "The earliest order.",
        "last_ordered_at": "The latest order; subtract it from your own day for recency.",
        "days_as_buyer": "UTC days from the first order to the last.",
        "days_between_orders": "On average; null where there are fewer than two orders.",
        "clicks": "Page views while signed in.",
        "clicked_products": "Different products looked at.",
        "sessions": "Visits with a page view while signed in.",
        "last_clicked_at": "The latest page view.",
        "last_seen_at": "The latest page view or order, cancelled ones included.",
        "days_since_last_order": "UTC days from the last order to last_seen_at: recency by the "
        "customer's own clock, the same on whatever day it is computed.",
    },
)
