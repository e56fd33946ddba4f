"""The measured lakehouse with a silver table whose merges mark rows."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.lakehouse import gold_revenue, silver_orders
from medallion_assets.lakehouse.tables import Lakehouse

_orders = replace(silver_orders, deletion_vectors=True)

lakehouse = Lakehouse.from_tables([replace(gold_revenue, sources={"orders": _orders})])
