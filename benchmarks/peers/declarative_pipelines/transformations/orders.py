"""Bronze, the quarantine and gold as Spark Declarative Pipelines has them; silver is in SQL beside.

4.1 has no upsert by key, so silver and gold are materialized views, which every run computes in
full. A table with `format="delta"` fails its second run (SPARK-62028), so the format is the
session's default.
"""

from __future__ import annotations

import os

from pyspark import pipelines as dp
from pyspark.sql import DataFrame, SparkSession, functions

from benchmarks.orders import SCHEMA

_GOOD = "order_id is not null and amount >= 0"

spark = SparkSession.active()


@dp.table
def bronze_orders() -> DataFrame:
    """Every row as it came."""
    files = spark.readStream.schema(SCHEMA).json(f"{os.environ['MEDALLION_LANDING']}/orders")
    return files.select(
        "*",
        functions.col("_metadata.file_path").alias("_file_path"),
        functions.current_timestamp().alias("_ingested_at"),
    )


@dp.table
def silver_orders_quarantine() -> DataFrame:
    """The bad rows."""
    return spark.readStream.table("bronze_orders").where(f"not coalesce({_GOOD}, false)")


@dp.materialized_view
def gold_revenue() -> DataFrame:
    """Revenue by day and product."""
    return (
        spark.read.table("silver_orders")
        .groupBy("order_date", "product")
        .agg(
            functions.count("*").alias("orders"),
            functions.sum("quantity").alias("units"),
            functions.sum("amount").alias("revenue"),
        )
    )
