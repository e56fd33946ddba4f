"""The sample lakehouse, and what you edit: one small file a layer."""

from __future__ import annotations

from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets.shop import bronze, gold, silver

lakehouse = Lakehouse.from_modules(bronze, silver, gold)
"""Every table of the shop."""
