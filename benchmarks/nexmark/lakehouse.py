"""The three streams in this project: bronze and silver for each, gold over auctions and bids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.nexmark.tables import AUCTIONS, BIDS, PERSONS
from benchmarks.silver import silver_of
from medallion_assets.lakehouse.tables import GoldTable, Lakehouse, Lookup

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

silver_persons = silver_of(PERSONS)
silver_auctions = silver_of(AUCTIONS)
silver_bids = silver_of(
    BIDS,
    Lookup(
        table=silver_auctions,
        key="id",
        on="auction",
        columns={"category": "category", "expires": "expires"},
    ),
)


def _closing_prices(auctions: DataFrame, bids: DataFrame) -> DataFrame:
    from pyspark.sql import functions

    opened = auctions.groupBy("category").agg(functions.count("*").alias("auctions"))
    closed = (
        bids.where("dateTime <= expires")
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


gold_closing_prices = GoldTable(
    name="closing_prices",
    sources={"auctions": silver_auctions, "bids": silver_bids},
    group_by={"category": "category"},
    query=_closing_prices,
)

lakehouse = Lakehouse.from_tables([gold_closing_prices, silver_persons])
