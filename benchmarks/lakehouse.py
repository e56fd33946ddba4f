"""The measured lakehouse: three tables, one in each layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.orders import SCHEMA
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    SilverTable,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

bronze_orders = BronzeTable(
    name="orders",
    source=LandingDirectory(
        name="orders",
        format="json",
        schema=SCHEMA,
        # Ten micro-batches for 100,000 small files.
        options={"cloudFiles.maxFilesPerTrigger": "10000"},
    ),
)

silver_orders = SilverTable(
    name="orders",
    source=bronze_orders,
    transform=lambda rows: rows.withColumn("order_date", rows.ordered_at.cast("date")),
    keys=("order_id",),
    sequence_by=("updated_at",),
    expectations=(
        expect_or_quarantine("order_id_present", "order_id is not null"),
        expect_or_quarantine("amount_not_negative", "amount >= 0"),
    ),
)


def _revenue(orders: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    return orders.groupBy("order_date", "product").agg(
        functions.count("*").alias("orders"),
        functions.sum("quantity").alias("units"),
        functions.sum("amount").alias("revenue"),
    )


gold_revenue = GoldTable(
    name="revenue",
    sources={"orders": silver_orders},
    group_by={"order_date": "order_date", "product": "product"},
    query=_revenue,
)

lakehouse = Lakehouse.from_tables([gold_revenue])
