"""Nexmark's people, auctions and bids in DuckDB's own file."""

from __future__ import annotations

from benchmarks.nexmark.tables import AUCTIONS, BIDS, PERSONS
from benchmarks.peers.duckdb_native.tables import run

_GOLD = """
    create or replace table gold_closing_prices as
    with opened as (
        select category, count(*) as auctions from silver_auctions group by all
    ), won as (
        select category, auction, count(*) as bids, max(price) as price
        from silver_bids as bid join silver_auctions as lot on bid.auction = lot.id
        where bid.dateTime <= lot.expires
        group by all
    ), closed as (
        select category, sum(bids)::bigint as bids, max(price) as highest_price,
            (sum(price) // count(*))::bigint as average_closing_price
        from won group by all
    )
    from opened left join closed using (category)
"""

if __name__ == "__main__":
    run(__doc__, (PERSONS, AUCTIONS, BIDS), _GOLD)
