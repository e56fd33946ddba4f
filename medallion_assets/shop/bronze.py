"""Bronze: everything that landed."""

from __future__ import annotations

from medallion_assets.lakehouse.tables import BronzeTable
from medallion_assets.shop import sources

_OWNERS = ("team:data-platform",)

orders = BronzeTable(
    name="orders",
    source=sources.orders,
    description="Every line of every order drop, as it came.",
    owners=_OWNERS,
)

customers = BronzeTable(
    name="customers",
    source=sources.customers,
    description="Every change event of the customer table, as Debezium sent it.",
    owners=_OWNERS,
    tags={"pii": "true"},
)

products = BronzeTable(
    name="products",
    source=sources.products,
    description="Every line of every product list.",
    owners=_OWNERS,
)

clicks = BronzeTable(
    name="clicks",
    source=sources.clicks,
    description="Every page view, re-sent ones included.",
    owners=_OWNERS,
)

shipments = BronzeTable(
    name="shipments",
    source=sources.shipments,
    description="Every version of every shipment.",
    owners=_OWNERS,
)
