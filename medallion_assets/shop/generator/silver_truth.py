"""What the silver tables must hold, in plain Python from the generated records."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

from medallion_assets.shop.generator.batch import Batch
from medallion_assets.shop.generator.records import (
    Click,
    CustomerChange,
    MalformedLine,
    OrderRow,
    ProductRow,
    Shipment,
)

STATUSES = frozenset({"placed", "paid", "shipped", "cancelled"})

Row = Mapping[str, Any]
Record = TypeVar("Record", bound=Hashable)
Key = TypeVar("Key")


@dataclass(frozen=True)
class FeedCounts:
    """Where the lines of a feed end up.

    `lines == malformed + quarantined + duplicates + superseded + removed + silver`.

    Attributes:
        lines: everything written: rows, changes or records, malformed lines too; no headers.
        malformed: lines that are no row.
        wrong_type: rows with a value that does not fit its column; they read as null there.
        invalid: rows that break a rule, by the rule's name; a row may break several.
        quarantined: rows that break at least one rule.
        duplicates: good rows that are an exact repetition of another one.
        superseded: good rows, repetitions not counted, that a later one of the same key replaced.
        removed: keys whose last change is a delete.
        silver: rows in the silver table.
    """

    lines: int
    malformed: int
    wrong_type: int
    invalid: Mapping[str, int]
    quarantined: int
    duplicates: int
    superseded: int
    removed: int
    silver: int

    @property
    def rows(self) -> int:
        """Lines that are a row."""
        return self.lines - self.malformed


@dataclass(frozen=True)
class SilverTable:
    """The rows of a silver table by key, and what became of the rest of its feed."""

    rows: Mapping[Any, Row]
    counts: FeedCounts


ORDER_RULES: Mapping[str, Callable[[OrderRow], bool]] = {
    "order_id_present": lambda row: row.order_id is not None,
    "quantity_positive": lambda row: isinstance(row.quantity, int) and row.quantity > 0,
    "amount_not_negative": lambda row: row.amount >= 0,
    "status_known": lambda row: row.status in STATUSES,
    "ordered_at_present": lambda row: row.ordered_at is not None,
}
PRODUCT_RULES: Mapping[str, Callable[[ProductRow], bool]] = {
    "price_positive": lambda row: not isinstance(row.price, str) and row.price > 0,
}


def silver_customers(batches: Sequence[Batch]) -> SilverTable:
    """Return the current customers: the change with the highest lsn, unless it is a delete."""
    changes: list[CustomerChange] = [change for batch in batches for change in batch.customers]
    latest, counts = _settle(
        changes, {}, key=lambda change: change.customer_id, sequence=lambda change: change.lsn
    )
    rows: dict[int, Row] = {}
    for key, change in latest.items():
        if change.op != "d" and change.after is not None:
            rows[key] = {**asdict(change.after), "email": change.after.email.strip().lower()}
    removed = len(latest) - len(rows)
    return SilverTable(rows, replace(counts, removed=removed, silver=len(rows)))


def silver_products(batches: Sequence[Batch]) -> SilverTable:
    """Return the price list: the row with the highest updated_at among those with a price."""
    entries = [entry for batch in batches for entry in batch.products]
    rows = [entry for entry in entries if not isinstance(entry, MalformedLine)]
    latest, counts = _settle(
        rows, PRODUCT_RULES, key=lambda row: row.product_id, sequence=lambda row: row.updated_at
    )
    wrong_type = sum(isinstance(row.price, str) for row in rows)
    return SilverTable(
        {key: asdict(row) for key, row in latest.items()},
        replace(
            counts,
            lines=len(entries),
            malformed=len(entries) - len(rows),
            wrong_type=wrong_type,
        ),
    )


def silver_clicks(batches: Sequence[Batch]) -> SilverTable:
    """Return every click once."""
    clicks: list[Click] = [click for batch in batches for click in batch.clicks]
    latest, counts = _settle(
        clicks, {}, key=lambda click: click.click_id, sequence=lambda click: click.clicked_at
    )
    return SilverTable({key: asdict(click) for key, click in latest.items()}, counts)


def silver_shipments(batches: Sequence[Batch]) -> SilverTable:
    """Return the last state of every shipment, with `day`: the directory it was read from."""
    shipments: list[Shipment] = [row for batch in batches for row in batch.shipments]
    latest, counts = _settle(
        shipments, {}, key=lambda row: row.shipment_id, sequence=lambda row: row.updated_at
    )
    rows = {key: {**asdict(row), "day": row.shipped_at.date()} for key, row in latest.items()}
    return SilverTable(rows, counts)


def silver_orders(
    batches: Sequence[Batch], customers: Mapping[Any, Row], products: Mapping[Any, Row]
) -> SilverTable:
    """Return the last good state of every order, with its current customer and product."""
    entries = [entry for batch in batches for entry in batch.orders]
    rows = [entry for entry in entries if not isinstance(entry, MalformedLine)]
    latest, counts = _settle(
        rows, ORDER_RULES, key=lambda row: row.order_id, sequence=lambda row: row.updated_at
    )
    augmented: dict[int | None, Row] = {}
    for key, row in latest.items():
        customer = customers.get(row.customer_id, {})
        product = products.get(row.product_id, {})
        augmented[key] = {
            **asdict(row),
            "customer_name": customer.get("name"),
            "customer_country": customer.get("country"),
            "customer_segment": customer.get("segment"),
            "product_name": product.get("name"),
            "category": product.get("category"),
        }
    wrong_type = sum(isinstance(row.quantity, str) for row in rows)
    return SilverTable(
        augmented,
        replace(
            counts,
            lines=len(entries),
            malformed=len(entries) - len(rows),
            wrong_type=wrong_type,
        ),
    )


def _settle(
    rows: Iterable[Record],
    rules: Mapping[str, Callable[[Record], bool]],
    *,
    key: Callable[[Record], Key],
    sequence: Callable[[Record], Any],
) -> tuple[dict[Key, Record], FeedCounts]:
    """Return the last good row of every key, and where the other rows went."""
    invalid = dict.fromkeys(rules, 0)
    read = quarantined = good = 0
    distinct: set[Record] = set()
    latest: dict[Key, Record] = {}
    for row in rows:
        read += 1
        broken = [name for name, holds in rules.items() if not holds(row)]
        for name in broken:
            invalid[name] += 1
        if broken:
            quarantined += 1
            continue
        good += 1
        distinct.add(row)
        current = latest.get(key(row))
        if current is None or sequence(row) > sequence(current):
            latest[key(row)] = row
    counts = FeedCounts(
        lines=read,
        malformed=0,
        wrong_type=0,
        invalid=invalid,
        quarantined=quarantined,
        duplicates=good - len(distinct),
        superseded=len(distinct) - len(latest),
        removed=0,
        silver=len(latest),
    )
    return latest, counts
