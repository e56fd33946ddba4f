"""What the gold tables must hold, in plain Python from the rows of the silver tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from medallion_assets.shop.generator.silver_truth import Row

UNKNOWN_CATEGORY = "unknown"


class DailyRevenue(NamedTuple):
    """A day's sales of a category."""

    orders: int
    units: int
    revenue: Decimal


class CustomerValue(NamedTuple):
    """What a customer has bought."""

    orders: int
    revenue: Decimal
    first_ordered_at: datetime
    last_ordered_at: datetime


class CustomerFeatures(NamedTuple):
    """What is known of a customer, in the order of the table's columns."""

    country: str | None
    segment: str | None
    orders: int
    cancelled_orders: int
    cancelled_share: float | None
    units: int
    revenue: Decimal
    average_order_value: float | None
    products: int
    categories: int
    first_ordered_at: datetime | None
    last_ordered_at: datetime | None
    days_as_buyer: int | None
    days_between_orders: float | None
    clicks: int
    clicked_products: int
    sessions: int
    last_clicked_at: datetime | None
    last_seen_at: datetime | None
    days_since_last_order: int | None


class ClickConversion(NamedTuple):
    """How many saw a product on a day, and how many ordered it."""

    clicks: int
    orders: int


def daily_revenue(orders: Iterable[Row]) -> dict[tuple[date, str], DailyRevenue]:
    """Return sales by the UTC date of ordered_at and the category, `unknown` where it is null."""
    groups: defaultdict[tuple[date, str], list[Row]] = defaultdict(list)
    for order in _sold(orders):
        groups[order["ordered_at"].date(), order["category"] or UNKNOWN_CATEGORY].append(order)
    return {
        group: DailyRevenue(
            orders=len(rows),
            units=sum(row["quantity"] for row in rows),
            revenue=sum((row["amount"] for row in rows), Decimal("0.00")),
        )
        for group, rows in groups.items()
    }


def customer_value(orders: Iterable[Row]) -> dict[int, CustomerValue]:
    """Return sales by customer_id, also of customers who are not, or no longer, known."""
    groups: defaultdict[int, list[Row]] = defaultdict(list)
    for order in _sold(orders):
        groups[order["customer_id"]].append(order)
    return {
        customer_id: CustomerValue(
            orders=len(rows),
            revenue=sum((row["amount"] for row in rows), Decimal("0.00")),
            first_ordered_at=min(row["ordered_at"] for row in rows),
            last_ordered_at=max(row["ordered_at"] for row in rows),
        )
        for customer_id, rows in groups.items()
    }


def customer_features(
    customers: Iterable[Row], orders: Iterable[Row], clicks: Iterable[Row]
) -> dict[int, CustomerFeatures]:
    """Return features by customer_id, of all who are known or have ordered or clicked."""
    known = {row["customer_id"]: row for row in customers}
    ordered = _by_customer(orders)
    clicked = _by_customer(clicks)
    everybody = known.keys() | ordered.keys() | clicked.keys()
    return {
        one: _features(known.get(one, {}), ordered[one], clicked[one])
        for one in everybody
        if one is not None
    }


def _features(
    customer: Mapping[str, Any], orders: list[Row], clicks: list[Row]
) -> CustomerFeatures:
    sold = list(_sold(orders))
    revenue = sum((row["amount"] for row in sold), Decimal("0.00"))
    times = sorted(row["ordered_at"] for row in sold)
    viewed = [row["clicked_at"] for row in clicks]
    seen = max([*viewed, *(row["ordered_at"] for row in orders)], default=None)
    days = (times[-1].date() - times[0].date()).days if times else None
    cancelled = len(orders) - len(sold)
    return CustomerFeatures(
        country=customer.get("country"),
        segment=customer.get("segment"),
        orders=len(sold),
        cancelled_orders=cancelled,
        cancelled_share=cancelled / len(orders) if orders else None,
        units=sum(row["quantity"] for row in sold),
        revenue=revenue,
        average_order_value=float(revenue) / len(sold) if sold else None,
        products=len({row["product_id"] for row in sold}),
        categories=len({row["category"] for row in sold} - {None}),
        first_ordered_at=times[0] if times else None,
        last_ordered_at=times[-1] if times else None,
        days_as_buyer=days,
        days_between_orders=days / (len(sold) - 1) if days is not None and len(sold) > 1 else None,
        clicks=len(clicks),
        clicked_products=len({row["product_id"] for row in clicks}),
        sessions=len({row["session_id"] for row in clicks}),
        last_clicked_at=max(viewed, default=None),
        last_seen_at=seen,
        days_since_last_order=(seen.date() - times[-1].date()).days if times and seen else None,
    )


def click_conversion(
    clicks: Iterable[Row], orders: Iterable[Row]
) -> dict[tuple[date, str], ClickConversion]:
    """Return clicks and sales by UTC date and product_id, groups with only one of the two too."""
    clicked = Counter((row["clicked_at"].date(), row["product_id"]) for row in clicks)
    ordered = Counter((row["ordered_at"].date(), row["product_id"]) for row in _sold(orders))
    return {
        group: ClickConversion(clicked[group], ordered[group])
        for group in clicked.keys() | ordered.keys()
    }


def _by_customer(rows: Iterable[Row]) -> defaultdict[int | None, list[Row]]:
    groups: defaultdict[int | None, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row["customer_id"]].append(row)
    return groups


def _sold(orders: Iterable[Row]) -> Iterable[Mapping[str, Any]]:
    return (order for order in orders if order["status"] != "cancelled")
