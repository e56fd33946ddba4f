"""The three streams, with Nexmark's own field names."""

from __future__ import annotations

from benchmarks.landed_table import LandedTable

PERSONS = LandedTable(
    name="persons",
    format="json",
    columns={
        "id": "bigint", "name": "string", "emailAddress": "string", "creditCard": "string",
        "city": "string", "state": "string", "dateTime": "timestamp", "extra": "string",
    },
    keys=("id",),
    sequence="dateTime",
)  # fmt: skip

AUCTIONS = LandedTable(
    name="auctions",
    format="json",
    columns={
        "id": "bigint", "itemName": "string", "description": "string", "initialBid": "bigint",
        "reserve": "bigint", "dateTime": "timestamp", "expires": "timestamp", "seller": "bigint",
        "category": "bigint", "extra": "string",
    },
    keys=("id",),
    sequence="dateTime",
)  # fmt: skip

BIDS = LandedTable(
    name="bids",
    format="json",
    columns={
        "auction": "bigint", "bidder": "bigint", "price": "bigint", "channel": "string",
        "url": "string", "dateTime": "timestamp", "extra": "string",
    },
    # A bid has no key of its own; one that is sent twice is the same in all of these.
    keys=("auction", "bidder", "dateTime"),
    sequence="dateTime",
)  # fmt: skip
