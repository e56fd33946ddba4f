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


def _sold(orders: Iterable[Row]) -> Iterable[Mapping[str, Any]]:
    return (order for order in orders if order["status"] != "cancelled")
