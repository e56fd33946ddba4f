"""The two tables in this project: bronze and silver for each, one gold table over both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.silver import silver_of
from benchmarks.tpch.tables import LINEITEM, ORDERS
from medallion_assets.lakehouse.tables import GoldTable, Lakehouse, Lookup

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

silver_orders = silver_of(ORDERS)
silver_lineitem = silver_of(
    LINEITEM,
    Lookup(
        table=silver_orders,
        key="o_orderkey",
        on="l_orderkey",
        columns={"order_priority": "o_orderpriority"},
    ),
)


def _revenue(orders: DataFrame, lineitem: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    placed = orders.groupBy("order_priority").agg(functions.count("*").alias("orders"))
    sold = lineitem.groupBy("order_priority").agg(
        functions.count("*").alias("items"),
        functions.expr("sum(l_extendedprice * (1 - l_discount))").alias("revenue"),
    )
    return placed.join(sold, "order_priority")


gold_revenue = GoldTable(
    name="revenue",
    sources={"orders": silver_orders, "lineitem": silver_lineitem},
    group_by={"order_priority": {"orders": "o_orderpriority", "lineitem": "order_priority"}},
    query=_revenue,
)

lakehouse = Lakehouse.from_tables([gold_revenue])
