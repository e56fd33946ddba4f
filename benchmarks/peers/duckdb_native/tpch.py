"""TPC-H's orders and line items in DuckDB's own file."""

from __future__ import annotations

from benchmarks.peers.duckdb_native.tables import run
from benchmarks.tpch.tables import LINEITEM, ORDERS

_GOLD = """
    create or replace table gold_revenue as
    with placed as (
        select o_orderpriority as order_priority, count(*) as orders
        from silver_orders group by all
    ), sold as (
        select o_orderpriority as order_priority, count(*) as items,
            sum(l_extendedprice * (1 - l_discount)) as revenue
        from silver_lineitem join silver_orders on l_orderkey = o_orderkey group by all
    )
    from placed join sold using (order_priority)
"""

if __name__ == "__main__":
    run(__doc__, (ORDERS, LINEITEM), _GOLD)
