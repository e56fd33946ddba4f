"""People, auctions and bids of Nexmark: three streams, and its query 4 as a gold table."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.nexmark.events import Events
from benchmarks.peers.gold import GoldColumns
from benchmarks.workloads.several_tables import SeveralTables, contenders_of

GOLD = GoldColumns(
    "closing_prices",
    ("category",),
    ("auctions", "bids", "highest_price", "average_closing_price"),
)


def events_of(bench: Bench) -> Events:
    """The events of a benchmark's sizes."""
    return Events(bench.sizes.nexmark_events, bench.sizes.nexmark_files)


NEXMARK = SeveralTables("nexmark", events_of, contenders_of("nexmark", GOLD))
