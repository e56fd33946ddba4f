"""A lakehouse over three sources, whose customers are those of a PostgreSQL table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.debezium import debezium_rows
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    KafkaTopics,
    Lakehouse,
    LandingDirectory,
    Lookup,
    SilverTable,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def _customers(events: DataFrame) -> DataFrame:
    rows = debezium_rows(events)
    return rows.withColumn("credit", rows.credit.cast("decimal(12,2)"))


def _by_country(customers: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return customers.groupBy("country").agg(
        F.count("*").alias("customers"), F.sum("credit").alias("credit")
    )


def _revenue(orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return orders.groupBy("country").agg(F.sum("amount").alias("amount"))


def chain(cluster: KafkaCluster, prefix: str) -> Lakehouse:
    """The lakehouse.

    Args:
        cluster: where the topics are.
        prefix: what the topics begin with: `<prefix>.public.customers` and `<prefix>.clicks`.
    """
    bronze_customers = BronzeTable(
        name="customers",
        source=KafkaTopics(
            name="customers",
            cluster=cluster,
            subscribe=(f"{prefix}.public.customers",),
            value_format="json",
        ),
    )
    bronze_clicks = BronzeTable(
        name="clicks",
        source=KafkaTopics(
            name="clicks",
            cluster=cluster,
            subscribe=(f"{prefix}.clicks",),
            value_format="json",
            value_schema="click int, page string",
            options={"maxOffsetsPerTrigger": "100"},
        ),
    )
    bronze_orders = BronzeTable(
        name="orders",
        source=LandingDirectory(
            name="orders",
            format="json",
            schema="order_id bigint, customer_id bigint, amount bigint, seq bigint",
        ),
    )
    parsed = expect_or_quarantine("parsed", "_corrupt_record is null")
    customers, history = (
        SilverTable(
            name=name,
            source=bronze_customers,
            transform=_customers,
            keys=("id",),
            sequence_by=("_order",),
            apply_as_deletes="_op = 'd'",
            stored_as_scd_type=kind,
            expectations=(parsed,),
        )
        for name, kind in (("customers", 1), ("customers_history", 2))
    )
    clicks = SilverTable(
        name="clicks",
        source=bronze_clicks,
        transform=lambda rows: rows.select("click", "page", "_corrupt_record", "_offset"),
        keys=("click",),
        sequence_by=("_offset",),
        expectations=(parsed, expect_or_quarantine("clicked", "click is not null")),
    )
    orders = SilverTable(
        name="orders",
        source=bronze_orders,
        transform=lambda rows: rows.drop("_corrupt_record"),
        keys=("order_id",),
        sequence_by=("seq",),
        lookups=(
            Lookup(table=customers, key="id", on="customer_id", columns={"country": "country"}),
        ),
    )
    by_country = GoldTable(
        name="customers_by_country",
        sources={"customers": customers},
        group_by={"country": "country"},
        query=_by_country,
    )
    revenue = GoldTable(
        name="revenue",
        sources={"orders": orders},
        group_by={"country": "country"},
        query=_revenue,
    )
    by_page = GoldTable(
        name="clicks_by_page",
        sources={"clicks": clicks},
        group_by={"page": "page"},
        query=lambda clicks: clicks.groupBy("page").count(),
    )
    return Lakehouse.from_tables([by_country, revenue, by_page, history])
