"""A sample shop: seeded feeds full of what goes wrong, and the tables they must lead to."""

from __future__ import annotations

from medallion_assets.shop.generator.batch import Batch
from medallion_assets.shop.generator.gold_truth import (
    ClickConversion,
    CustomerFeatures,
    CustomerValue,
    DailyRevenue,
)
from medallion_assets.shop.generator.landing import land_first, land_next
from medallion_assets.shop.generator.shop_generator import ShopGenerator
from medallion_assets.shop.generator.silver_truth import FeedCounts
from medallion_assets.shop.generator.truth import Truth, truth

__all__ = [
    "Batch",
    "ClickConversion",
    "CustomerFeatures",
    "CustomerValue",
    "DailyRevenue",
    "FeedCounts",
    "ShopGenerator",
    "Truth",
    "land_first",
    "land_next",
    "truth",
]
