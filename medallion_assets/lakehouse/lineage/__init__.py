"""Lineage: which columns of which upstream table a column is computed from, and which decide it.

Taken from Spark's analyzed plan when a stream starts, and kept beside the stream, so that a run
with nothing new can show it without a session. Where a plan says nothing (Spark Connect does not
hand it out, a function of pandas hides what it does) a declaration can, in a table's
`column_lineage`; where both speak they are compared.
"""

from __future__ import annotations

from medallion_assets.lakehouse.lineage.known import (
    Difference,
    TableLineage,
    table_lineage,
)
from medallion_assets.lakehouse.lineage.noted import note
from medallion_assets.lakehouse.lineage.origin import How, Origin

__all__ = [
    "Difference",
    "How",
    "Origin",
    "TableLineage",
    "note",
    "table_lineage",
]
