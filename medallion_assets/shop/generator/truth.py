"""What every table must hold once the given batches have been taken in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from medallion_assets.shop.generator.batch import Batch
from medallion_assets.shop.generator.gold_truth import (
    ClickConversion,
    CustomerFeatures,
    CustomerValue,
    DailyRevenue,
    click_conversion,
    customer_features,
    customer_value,
    daily_revenue,
)
from medallion_assets.shop.generator.silver_truth import (
    FeedCounts,
    Row,
    silver_clicks,
    silver_customers,
    silver_orders,
    silver_products,
    silver_shipments,
)


@dataclass(frozen=True)
class Truth:
    """The expected content of the lakehouse; moments are in UTC, amounts exact decimals.

    The silver rows have the columns of their feed; besides,

    - orders have customer_name, customer_country, customer_segment, product_name and category of
      the customer and the product as they are now, null where there is none (any more);
    - customers have their email trimmed and in lower case;
    - shipments have `day`, the date in the name of their directory.

    Attributes:
        orders: silver.orders by order_id; cancelled ones included.
        customers: silver.customers by customer_id.
        products: silver.products by product_id.
        clicks: silver.clicks by click_id.
        shipments: silver.shipments by shipment_id.
        counts: where the lines of each feed ended up, by the feed's name.
        daily_revenue: gold.daily_revenue by (order_date, category); no cancelled orders.
        customer_value: gold.customer_value by customer_id; no cancelled orders.
        customer_features: gold.customer_features by customer_id.
        click_conversion: gold.click_conversion by (day, product_id); no cancelled orders.
    """

    orders: Mapping[int, Row]
    customers: Mapping[int, Row]
    products: Mapping[str, Row]
    clicks: Mapping[str, Row]
    shipments: Mapping[int, Row]
    counts: Mapping[str, FeedCounts]
    daily_revenue: Mapping[tuple[date, str], DailyRevenue]
    customer_value: Mapping[int, CustomerValue]
    customer_features: Mapping[int, CustomerFeatures]
    click_conversion: Mapping[tuple[date, str], ClickConversion]


def truth(batches: Sequence[Batch]) -> Truth:
    """Return what every table must hold after these batches, in whatever order they arrive.

    Computed from the generated records: no file is read, no Spark is used.

    Args:
        batches: batches of one generator, each at most once.
    """
    customers = silver_customers(batches)
    products = silver_products(batches)
    clicks = silver_clicks(batches)
    shipments = silver_shipments(batches)
    orders = silver_orders(batches, customers.rows, products.rows)
    return Truth(
        orders=orders.rows,
        customers=customers.rows,
        products=products.rows,
        clicks=clicks.rows,
        shipments=shipments.rows,
        counts={
            "orders": orders.counts,
            "customers": customers.counts,
            "products": products.counts,
            "clicks": clicks.counts,
            "shipments": shipments.counts,
        },
        daily_revenue=daily_revenue(orders.rows.values()),
        customer_value=customer_value(orders.rows.values()),
        customer_features=customer_features(
            customers.rows.values(), orders.rows.values(), clicks.rows.values()
        ),
        click_conversion=click_conversion(clicks.rows.values(), orders.rows.values()),
    )
