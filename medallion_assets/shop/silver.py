"""Silver: one clean row a business key, augmented."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.debezium import debezium_rows
from medallion_assets.lakehouse.quality.expectations import expect, expect_or_quarantine
from medallion_assets.lakehouse.quality.table_checks import References, Volume
from medallion_assets.lakehouse.tables import Lookup, SilverTable
from medallion_assets.shop import bronze

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_OWNERS = ("team:data-platform",)
_PARSED = expect_or_quarantine("parsed", "_corrupt_record is null")


def _customer_rows(events: DataFrame) -> DataFrame:
    return debezium_rows(events).selectExpr(
        "customer_id",
        "name",
        "lower(trim(email)) as email",
        "upper(country) as country",
        "segment",
        "cast(updated_at as timestamp) as updated_at",
        "_op",
        "_order",
        "_corrupt_record",
        "_file_path",
    )


customers = SilverTable(
    name="customers",
    source=bronze.customers,
    transform=_customer_rows,
    keys=("customer_id",),
    sequence_by=("_order",),
    apply_as_deletes="_op = 'd'",
    expectations=(
        _PARSED,
        expect_or_quarantine("customer_id_present", "customer_id is not null"),
        expect("email_looks_right", "_op = 'd' or email like '%_@_%'"),
    ),
    description="The customers as the shop's database has them now.",
    owners=_OWNERS,
    data_subject=bronze.CUSTOMER,
    column_descriptions={
        "customer_id": "The customer's key in the shop's database.",
        "name": "As the customer wrote it.",
        "email": "Lower case, without surrounding blanks.",
        "country": "ISO 3166 code of the billing address.",
        "segment": "consumer or business.",
        "updated_at": "When the row last changed in the shop's database.",
    },
)

products = SilverTable(
    name="products",
    source=bronze.products,
    transform=lambda rows: rows.selectExpr(
        "product_id",
        "name",
        "category",
        "try_cast(price as decimal(12,2)) as price",
        "try_cast(updated_at as timestamp) as updated_at",
        "_corrupt_record",
        "_file_path",
    ),
    keys=("product_id",),
    sequence_by=("updated_at",),
    expectations=(
        _PARSED,
        expect_or_quarantine("product_id_present", "product_id is not null"),
        # A price list that is mostly wrong goes no further.
        expect_or_quarantine("price_positive", "price > 0", block_above=0.5),
    ),
    description="The products with their current price.",
    owners=_OWNERS,
    column_descriptions={
        "product_id": "The product's key, such as P-0001.",
        "name": "As it stands on the shelf.",
        "category": "The shelf it is sold from.",
        "price": "In euro, with tax.",
        "updated_at": "When the product last changed; the latest change wins.",
    },
)

orders = SilverTable(
    name="orders",
    source=bronze.orders,
    transform=lambda rows: rows.withColumn("order_date", rows.ordered_at.cast("date")),
    keys=("order_id",),
    sequence_by=("updated_at",),
    expectations=(
        _PARSED,
        expect_or_quarantine("order_id_present", "order_id is not null"),
        expect_or_quarantine("quantity_positive", "quantity > 0"),
        expect_or_quarantine("amount_not_negative", "amount >= 0"),
        expect_or_quarantine(
            "status_known", "status in ('placed', 'paid', 'shipped', 'cancelled')"
        ),
        expect_or_quarantine("ordered_at_present", "ordered_at is not null"),
        expect("customer_named", "customer_id is not null"),
    ),
    lookups=(
        Lookup(
            table=customers,
            key="customer_id",
            columns={
                "customer_name": "name",
                "customer_country": "country",
                "customer_segment": "segment",
            },
        ),
        Lookup(
            table=products,
            key="product_id",
            columns={"product_name": "name", "category": "category"},
        ),
    ),
    checks=(References("customer_id", customers, above=0.05), Volume()),
    description="The latest state of every order, with its customer and product.",
    owners=_OWNERS,
    data_subject=bronze.CUSTOMER,
    column_descriptions={
        "order_id": "The order's key in the web shop.",
        "customer_id": "Who ordered.",
        "product_id": "What was ordered.",
        "quantity": "Pieces; above 0.",
        "status": "placed, paid, shipped or cancelled.",
        "ordered_at": "When the order was placed.",
        "order_date": "The UTC day of ordered_at.",
        "customer_name": "The customer's current name; null while the customer is unknown.",
        "customer_country": "The customer's current country.",
        "customer_segment": "The customer's current segment.",
        "product_name": "The product's current name; null while the product is unknown.",
        "amount": "In euro, with tax.",
        "updated_at": "When the order last changed; the latest change wins.",
        "channel": "Where the order was placed; known since the column was introduced.",
        "category": "The product's category; null while the product is unknown.",
    },
)

clicks = SilverTable(
    name="clicks",
    source=bronze.clicks,
    transform=lambda rows: rows.withColumn("day", rows.clicked_at.cast("date")),
    keys=("click_id",),
    sequence_by=("clicked_at",),
    expectations=(
        expect_or_quarantine("click_id_present", "click_id is not null"),
        expect_or_quarantine("clicked_at_present", "clicked_at is not null"),
    ),
    description="Page views, each once.",
    owners=_OWNERS,
    data_subject={"customer_id": "customer_id"},
    column_descriptions={
        "click_id": "The page view's key; re-sent views share it.",
        "session_id": "The visit the view belongs to.",
        "customer_id": "Who looked; null where nobody was signed in.",
        "product_id": "What was looked at.",
        "url": "The page.",
        "clicked_at": "When.",
        "day": "The UTC day of clicked_at.",
    },
)

shipments = SilverTable(
    name="shipments",
    source=bronze.shipments,
    transform=lambda rows: rows.drop("_corrupt_record"),
    keys=("shipment_id",),
    sequence_by=("updated_at",),
    expectations=(
        expect_or_quarantine("shipment_id_present", "shipment_id is not null"),
        expect("delivered_after_shipped", "delivered_at is null or delivered_at >= shipped_at"),
    ),
    description="The latest state of every shipment.",
    owners=_OWNERS,
    column_descriptions={
        "shipment_id": "The carrier's key.",
        "order_id": "The order that was shipped.",
        "carrier": "Who carries it.",
        "shipped_at": "When it left.",
        "delivered_at": "When it arrived; null while it is under way.",
        "updated_at": "When the carrier last said something; the latest wins.",
        "day": "The day of shipping, from the carrier's directory.",
    },
)
