"""The two tables with TPC-H's columns, and what gold tells of them."""

from __future__ import annotations

from benchmarks.landed_table import LandedTable

_MONEY = "decimal(15,2)"
SEQUENCE = "sent_in"
"""The part a row was sent in: TPC-H's rows never change, those that land here do."""

ORDERS = LandedTable(
    name="orders",
    format="csv",
    columns={
        "o_orderkey": "bigint", "o_custkey": "bigint", "o_orderstatus": "string",
        "o_totalprice": _MONEY, "o_orderdate": "date", "o_orderpriority": "string",
        "o_clerk": "string", "o_shippriority": "int", "o_comment": "string", SEQUENCE: "int",
    },
    keys=("o_orderkey",),
    sequence=SEQUENCE,
)  # fmt: skip

LINEITEM = LandedTable(
    name="lineitem",
    format="parquet",
    columns={
        "l_orderkey": "bigint", "l_partkey": "bigint", "l_suppkey": "bigint",
        "l_linenumber": "int", "l_quantity": _MONEY, "l_extendedprice": _MONEY,
        "l_discount": _MONEY, "l_tax": _MONEY, "l_returnflag": "string",
        "l_linestatus": "string", "l_shipdate": "date", "l_commitdate": "date",
        "l_receiptdate": "date", "l_shipinstruct": "string", "l_shipmode": "string",
        "l_comment": "string", SEQUENCE: "int",
    },
    keys=("l_orderkey", "l_linenumber"),
    sequence=SEQUENCE,
)  # fmt: skip
