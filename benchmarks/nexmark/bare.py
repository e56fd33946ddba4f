"""The same three streams as one would write them by hand with Spark and Delta alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.nexmark.tables import AUCTIONS, BIDS, PERSONS
from benchmarks.programs.bare_tables import BareTables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from medallion_assets.lakehouse.lake import Lake


def pipeline(spark: SparkSession, lake: Lake) -> BareTables:
    """The pipeline over a lake's landing directories."""
    tables = (PERSONS, AUCTIONS, BIDS)
    return BareTables(spark, lake.root, lake.landing, tables, "closing_prices", _closing_prices)


def _closing_prices(auctions: DataFrame, bids: DataFrame, **_: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    opened = auctions.groupBy("category").agg(functions.count("*").alias("auctions"))
    lots = auctions.select("id", "category", "expires")
    closed = (
        bids.join(lots, bids.auction == lots.id)
        .where("dateTime <= expires")
        .groupBy("category", "auction")
        .agg(functions.count("*").alias("bids"), functions.max("price").alias("price"))
        .groupBy("category")
        .agg(
            functions.sum("bids").alias("bids"),
            functions.max("price").alias("highest_price"),
            functions.expr("sum(price) div count(*)").alias("average_closing_price"),
        )
    )
    return opened.join(closed, "category", "left")
