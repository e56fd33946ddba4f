"""What the shop's feeds carry: one frozen dataclass a record, before any file format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True)
class MalformedLine:
    """A line of a text feed that is no record.

    Attributes:
        text: the line as it is written, without its end.
    """

    text: str


@dataclass(frozen=True)
class OrderRow:
    """One state of an order, as the shop sends it at every change.

    Attributes:
        order_id: the key; None in an invalid row.
        customer_id: the customer, who may arrive later or never.
        product_id: the product, such as `P-0001`, which may arrive later or never.
        quantity: units ordered; a text in a row of a wrong type.
        amount: the price of the whole order, two decimals.
        status: placed, paid, shipped, cancelled, or unknown to the shop in an invalid row.
        ordered_at: when the customer ordered, UTC; None in an invalid row.
        updated_at: when this change happened, UTC: the sequence of the order's changes.
        channel: web, app or store; None in rows written before the column existed.
    """

    order_id: int | None
    customer_id: int
    product_id: str
    quantity: int | str
    amount: Decimal
    status: str
    ordered_at: datetime | None
    updated_at: datetime
    channel: str | None


@dataclass(frozen=True)
class CustomerRow:
    """A customer as the shop's database holds it; the email is as the customer typed it."""

    customer_id: int
    name: str
    email: str
    country: str
    segment: str
    updated_at: datetime


@dataclass(frozen=True)
class CustomerChange:
    """One change of the customers table, as Debezium reports it.

    Attributes:
        op: r (snapshot), c (insert), u (update) or d (delete).
        before: the row before the change; None for r and c.
        after: the row after the change; None for d.
        lsn: the position in the database's log: strictly increasing in commit order.
        transaction_id: the database transaction.
        committed_at: when the change was committed, UTC.
    """

    op: Literal["r", "c", "u", "d"]
    before: CustomerRow | None
    after: CustomerRow | None
    lsn: int
    transaction_id: int
    committed_at: datetime

    @property
    def customer_id(self) -> int:
        """The key of the changed row."""
        row = self.after or self.before
        assert row is not None, "a change has a row before or after it"
        return row.customer_id


@dataclass(frozen=True)
class ProductRow:
    """One state of a product; the price is a text in a row of a wrong type."""

    product_id: str
    name: str
    category: str
    price: Decimal | str
    updated_at: datetime


@dataclass(frozen=True)
class Click:
    """One view of a product's page; customer_id is None where nobody is logged in."""

    click_id: str
    session_id: str
    customer_id: int | None
    product_id: str
    url: str
    clicked_at: datetime


@dataclass(frozen=True)
class Shipment:
    """One state of a shipment; delivered_at is None while it is under way."""

    shipment_id: int
    order_id: int
    carrier: str
    shipped_at: datetime
    delivered_at: datetime | None
    updated_at: datetime


OrderEntry = OrderRow | MalformedLine
ProductEntry = ProductRow | MalformedLine
