"""The same two tables as one would write them by hand with Spark and Delta alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.programs.bare_tables import BareTables
from benchmarks.tpch.tables import LINEITEM, ORDERS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from medallion_assets.lakehouse.lake import Lake


def pipeline(spark: SparkSession, lake: Lake) -> BareTables:
    """The pipeline over a lake's landing directories."""
    tables = (ORDERS, LINEITEM)
    return BareTables(spark, lake.root, lake.landing, tables, "revenue", _revenue)


def _revenue(orders: DataFrame, lineitem: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    priorities = orders.selectExpr("o_orderkey", "o_orderpriority as order_priority")
    placed = priorities.groupBy("order_priority").agg(functions.count("*").alias("orders"))
    items = lineitem.join(priorities, lineitem.l_orderkey == priorities.o_orderkey)
    sold = items.groupBy("order_priority").agg(
        functions.count("*").alias("items"),
        functions.expr("sum(l_extendedprice * (1 - l_discount))").alias("revenue"),
    )
    return placed.join(sold, "order_priority")
