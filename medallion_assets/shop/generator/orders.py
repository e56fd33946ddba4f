"""The orders feed: the life of every order, told change by change, with its irregularities."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from medallion_assets.shop.generator.dice import Dice
from medallion_assets.shop.generator.plan import (
    NEVER_SENT_CUSTOMER,
    NEVER_SENT_PRODUCT,
    ShopPlan,
)
from medallion_assets.shop.generator.records import MalformedLine, OrderEntry, OrderRow
from medallion_assets.shop.generator.text import order_line

CHANNELS = ("web", "app", "store")
# The column `channel` appears with this batch.
CHANNEL_SINCE = 2
_FIRST_ORDER_ID = 100_001


class OrderKind(Enum):
    """What is special about an order; each kind comes at least once a batch, room permitting."""

    REGULAR = "regular"
    LATE_ROW = "an older change arrives in a later batch than a newer one"
    LATE_ORDER = "ordered days before the batch it arrives in"
    RESENT = "one of its rows is sent again, unchanged"
    BROKEN_JSON = "its only line is no JSON"
    CUT_LINE = "its only line ends too soon"
    QUANTITY_NOT_POSITIVE = "quantity is 0 or less"
    ORDER_ID_NULL = "order_id is null"
    AMOUNT_NEGATIVE = "amount is below 0"
    STATUS_UNKNOWN = "status is none the shop knows"
    ORDERED_AT_NULL = "ordered_at is null"
    TWO_RULES_BROKEN = "quantity and status are invalid"
    WRONG_TYPE = "quantity is a text"
    INVALID_LAST_CHANGE = "its newest row is invalid, an older one is good"
    EARLY = "its customer arrives in a later batch"
    ORPHAN = "its customer never arrives"
    NEW_PRODUCT = "its product arrives in a later batch"
    UNKNOWN_PRODUCT = "its product never arrives"


_SHARES = {
    OrderKind.LATE_ROW: 0.03,
    OrderKind.LATE_ORDER: 0.025,
    OrderKind.RESENT: 0.04,
    OrderKind.EARLY: 0.015,
    OrderKind.INVALID_LAST_CHANGE: 0.01,
    OrderKind.BROKEN_JSON: 0.005,
    OrderKind.CUT_LINE: 0.005,
    OrderKind.QUANTITY_NOT_POSITIVE: 0.01,
    OrderKind.ORDER_ID_NULL: 0.005,
    OrderKind.AMOUNT_NEGATIVE: 0.005,
    OrderKind.STATUS_UNKNOWN: 0.005,
    OrderKind.ORDERED_AT_NULL: 0.005,
    OrderKind.TWO_RULES_BROKEN: 0.005,
    OrderKind.WRONG_TYPE: 0.01,
    OrderKind.ORPHAN: 0.005,
    OrderKind.NEW_PRODUCT: 0.005,
    OrderKind.UNKNOWN_PRODUCT: 0.005,
}
_WHOLE_LIFE = {OrderKind.LATE_ROW, OrderKind.RESENT, OrderKind.INVALID_LAST_CHANGE}
_MALFORMED = {OrderKind.BROKEN_JSON, OrderKind.CUT_LINE}


@dataclass(frozen=True)
class SentOrder:
    """An entry of the orders feed and the batch it arrives in."""

    batch: int
    entry: OrderEntry


@dataclass(frozen=True)
class OrderLife:
    """Everything the feed ever says about one order.

    Attributes:
        order_id: the order.
        shipped_at: when it was shipped; None when it was not.
        sent: the entries, each with the batch it arrives in.
    """

    order_id: int
    shipped_at: datetime | None
    sent: tuple[SentOrder, ...]


def orders(plan: ShopPlan, number: int) -> list[OrderEntry]:
    """Return the orders feed of a batch, in the order it is written: not the order of time."""
    arriving = [
        sent.entry
        for birth in plan.recent(number)
        for life in order_lives(plan, birth)
        for sent in life.sent
        if sent.batch == number
    ]
    return plan.dice("orders", "file", number).shuffled(arriving)


@lru_cache(maxsize=24)
def order_lives(plan: ShopPlan, birth: int) -> tuple[OrderLife, ...]:
    """Return the lives of the orders that begin in a batch, those in later batches included."""
    dice = plan.dice("orders", birth)
    kinds = dice.deal(plan.orders_per_batch, _SHARES, OrderKind.REGULAR)
    return tuple(_life(plan, dice, birth, index, kind) for index, kind in enumerate(kinds))


def _life(plan: ShopPlan, dice: Dice, birth: int, index: int, kind: OrderKind) -> OrderLife:
    placed = _placed(plan, dice, birth, index, kind)
    assert placed.order_id is not None, "an order starts out valid"
    if kind in _MALFORMED:
        line = MalformedLine(_damaged(dice, order_line(_as_sent(placed, birth)), kind))
        return OrderLife(placed.order_id, None, (SentOrder(birth, line),))
    changes = [placed]
    for status, delay in _next_statuses(dice, whole_life=kind in _WHOLE_LIFE):
        changes.append(
            replace(changes[-1], status=status, updated_at=changes[-1].updated_at + delay)
        )
    shipped = [row.updated_at for row in changes if row.status == "shipped"]
    arrivals = [max(birth, plan.batch_of(row.updated_at)) for row in changes]
    if kind is OrderKind.LATE_ROW:
        late = dice.below(len(changes) - 1)
        arrivals[late] = arrivals[late + 1] + 1
    if kind is OrderKind.INVALID_LAST_CHANGE:
        changes[-1] = _invalid(dice, changes[-1], OrderKind.QUANTITY_NOT_POSITIVE)
    else:
        changes[0] = _invalid(dice, changes[0], kind)
    if changes[0] != placed and dice.chance(0.5):
        # Never corrected: the order has no valid row at all.
        changes, arrivals, shipped = changes[:1], arrivals[:1], []
    sent = [
        SentOrder(batch, _as_sent(row, batch)) for batch, row in zip(arrivals, changes, strict=True)
    ]
    if kind is OrderKind.RESENT:
        again = dice.pick(sent)
        sent.append(replace(again, batch=again.batch + dice.below(2)))
    return OrderLife(placed.order_id, shipped[0] if shipped else None, tuple(sent))


def _placed(plan: ShopPlan, dice: Dice, birth: int, index: int, kind: OrderKind) -> OrderRow:
    ordered_at = plan.midnight(birth) + timedelta(seconds=dice.below(86_400))
    if kind is OrderKind.LATE_ORDER:
        ordered_at -= timedelta(days=dice.between(2, 4))
    customer_id = 1 + dice.below(plan.customer_count(birth))
    if kind is OrderKind.EARLY:
        customer_id = plan.customer_count(birth) + 1 + dice.below(plan.new_customers)
    elif kind is OrderKind.ORPHAN:
        customer_id = NEVER_SENT_CUSTOMER
    products = plan.product_count(birth)
    product = plan.product(dice.skewed_below(products))
    if kind is OrderKind.NEW_PRODUCT:
        product = plan.product(products + dice.below(plan.new_products))
    quantity = 1 + dice.skewed_below(6)
    discount = Decimal("0.90") if dice.chance(0.15) else Decimal(1)
    return OrderRow(
        order_id=_FIRST_ORDER_ID + (birth - 1) * plan.orders_per_batch + index,
        customer_id=customer_id,
        product_id=(
            NEVER_SENT_PRODUCT if kind is OrderKind.UNKNOWN_PRODUCT else product.product_id
        ),
        quantity=quantity,
        amount=(product.price * quantity * discount).quantize(Decimal("0.01")),
        status="placed",
        ordered_at=ordered_at,
        updated_at=ordered_at,
        channel=dice.pick(CHANNELS),
    )


def _as_sent(row: OrderRow, batch: int) -> OrderRow:
    return row if batch >= CHANNEL_SINCE else replace(row, channel=None)


def _next_statuses(dice: Dice, *, whole_life: bool) -> list[tuple[str, timedelta]]:
    """Return the statuses after placed, each with the time since the one before it."""
    paid = ("paid", timedelta(seconds=dice.between(60, 4 * 3600)))
    shipped = ("shipped", timedelta(seconds=dice.between(3600, 40 * 3600)))
    cancelled = ("cancelled", timedelta(seconds=dice.between(60, 30 * 3600)))
    lives = [[paid, shipped]] * 14 + [[paid], [paid], [], [cancelled], [paid, cancelled], []]
    return lives[0] if whole_life else dice.pick(lives)


def _invalid(dice: Dice, row: OrderRow, kind: OrderKind) -> OrderRow:
    """Return the row as that kind breaks it; the row itself for a kind that breaks none."""
    invalid: dict[OrderKind, dict[str, Any]] = {
        OrderKind.QUANTITY_NOT_POSITIVE: {"quantity": -dice.below(3)},
        OrderKind.ORDER_ID_NULL: {"order_id": None},
        OrderKind.AMOUNT_NEGATIVE: {"amount": -row.amount},
        OrderKind.STATUS_UNKNOWN: {"status": dice.pick(("lost", "PLACED", ""))},
        OrderKind.ORDERED_AT_NULL: {"ordered_at": None},
        OrderKind.TWO_RULES_BROKEN: {"quantity": 0, "status": "lost"},
        OrderKind.WRONG_TYPE: {"quantity": dice.pick(("three", "2 units", "one"))},
    }
    return replace(row, **invalid[kind]) if kind in invalid else row


def _damaged(dice: Dice, line: str, kind: OrderKind) -> str:
    if kind is OrderKind.CUT_LINE:
        return line[: dice.between(len(line) // 4, len(line) - 1)]
    broken = (
        line.replace('"status":', '"status" '),
        line.replace(",", ",,", 1),
        "ERROR export interrupted, row follows: " + line,
    )
    return dice.pick(broken)
