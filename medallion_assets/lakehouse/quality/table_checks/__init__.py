"""Checks of a table as a whole, declared on it in one line each."""

from __future__ import annotations

from medallion_assets.lakehouse.quality.table_checks.backlog import BacklogAtMost
from medallion_assets.lakehouse.quality.table_checks.check import Looked, TableCheck, Verdict
from medallion_assets.lakehouse.quality.table_checks.fresh import Fresh
from medallion_assets.lakehouse.quality.table_checks.references import References
from medallion_assets.lakehouse.quality.table_checks.schema_contract import SchemaContract
from medallion_assets.lakehouse.quality.table_checks.shares import CorruptShare, RescuedShare
from medallion_assets.lakehouse.quality.table_checks.totals import SameTotal
from medallion_assets.lakehouse.quality.table_checks.unique import Unique
from medallion_assets.lakehouse.quality.table_checks.volume import Volume

__all__ = [
    "BacklogAtMost",
    "CorruptShare",
    "Fresh",
    "Looked",
    "References",
    "RescuedShare",
    "SameTotal",
    "SchemaContract",
    "TableCheck",
    "Unique",
    "Verdict",
    "Volume",
]
