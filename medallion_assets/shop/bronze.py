"""Bronze: everything that landed."""

from __future__ import annotations

from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics
from medallion_assets.shop import sources

_OWNERS = ("team:data-platform",)
# A record that was cut off, and so can't be parsed, mostly still says whose it is.
_CUT_OFF = """nullif(regexp_extract(_corrupt_record, '"customer_id":([0-9]+)', 1), '')"""
# Of events bronze keeps the values as they came.
_CLICKED_BY = (
    "get_json_object(cast(value as string), '$.customer_id')"
    if isinstance(sources.clicks, KafkaTopics)
    else "customer_id"
)
CUSTOMER = {"customer_id": ("customer_id", _CUT_OFF)}

orders = BronzeTable(
    name="orders",
    source=sources.orders,
    description="Every line of every order drop, as it came.",
    owners=_OWNERS,
    data_subject=CUSTOMER,
)

customers = BronzeTable(
    name="customers",
    source=sources.customers,
    description="Every change event of the customer table, as Debezium sent it.",
    owners=_OWNERS,
    data_subject={"customer_id": ("after.customer_id", "before.customer_id", _CUT_OFF)},
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
    data_subject={"customer_id": _CLICKED_BY},
)

shipments = BronzeTable(
    name="shipments",
    source=sources.shipments,
    description="Every version of every shipment.",
    owners=_OWNERS,
)
