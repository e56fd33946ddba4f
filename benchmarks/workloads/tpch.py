"""Orders and line items of TPC-H: CSV and Parquet, joined, with rows that are sent again."""

from __future__ import annotations

from benchmarks.peers.gold import GoldColumns
from benchmarks.tpch.parts import parts_of
from benchmarks.workloads.several_tables import SeveralTables, contenders_of

GOLD = GoldColumns("revenue", ("order_priority",), ("orders", "items", "revenue"))

TPCH = SeveralTables("tpch", parts_of, contenders_of("tpch", GOLD))
