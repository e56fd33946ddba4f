"""The shipments feed: one row when an order leaves, one when it is delivered."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache

from medallion_assets.shop.generator.dice import Dice
from medallion_assets.shop.generator.orders import order_lives
from medallion_assets.shop.generator.plan import ShopPlan
from medallion_assets.shop.generator.records import Shipment

_CARRIERS = ("DHL", "UPS", "PostNord", "Chronopost")
# Above the range of a 32 bit integer: the column is a long.
_FIRST_SHIPMENT_ID = 7_000_000_000


class ShipmentKind(Enum):
    """What is special about a shipment; each kind comes once a batch, room permitting."""

    REGULAR = "sent when it leaves, sent again when it is delivered"
    RESENT = "its first row is sent again, unchanged"
    LATE_ROW = "its first row arrives in a later batch than its delivery"
    LOST = "never delivered"


_SHARES = {ShipmentKind.RESENT: 0.03, ShipmentKind.LATE_ROW: 0.03, ShipmentKind.LOST: 0.03}


def shipments(plan: ShopPlan, number: int) -> list[Shipment]:
    """Return the shipment rows of a batch in the order they are written."""
    arriving = [
        row
        for birth in plan.recent(number)
        for arrival, row in _sent(plan, birth)
        if arrival == number
    ]
    return plan.dice("shipments", "file", number).shuffled(arriving)


@lru_cache(maxsize=24)
def _sent(plan: ShopPlan, birth: int) -> tuple[tuple[int, Shipment], ...]:
    """Return, with their arrival, all shipment rows of the orders that begin in a batch."""
    dice = plan.dice("shipments", birth)
    shipped = [
        (life.order_id, life.shipped_at)
        for life in order_lives(plan, birth)
        if life.shipped_at is not None
    ]
    kinds = dice.deal(len(shipped), _SHARES, ShipmentKind.REGULAR)
    return tuple(
        sent
        for (order_id, shipped_at), kind in zip(shipped, kinds, strict=True)
        for sent in _life(plan, dice, birth, order_id, shipped_at, kind)
    )


def _life(
    plan: ShopPlan,
    dice: Dice,
    birth: int,
    order_id: int,
    shipped_at: datetime,
    kind: ShipmentKind,
) -> list[tuple[int, Shipment]]:
    left = Shipment(
        shipment_id=_FIRST_SHIPMENT_ID + order_id,
        order_id=order_id,
        carrier=dice.pick(_CARRIERS),
        shipped_at=shipped_at,
        delivered_at=None,
        updated_at=shipped_at,
    )
    leaves = max(birth, plan.batch_of(shipped_at))
    if kind is ShipmentKind.LOST:
        return [(leaves, left)]
    # A courier is quick enough to have delivered before the first row arrives.
    hours = (2, 8) if kind is ShipmentKind.LATE_ROW else (18, 96)
    delivered_at = shipped_at + timedelta(seconds=dice.between(hours[0] * 3600, hours[1] * 3600))
    reported_at = delivered_at + timedelta(minutes=1)
    delivered = replace(left, delivered_at=delivered_at, updated_at=reported_at)
    arrives = max(birth, plan.batch_of(reported_at))
    if kind is ShipmentKind.LATE_ROW:
        return [(arrives, delivered), (arrives + 1, left)]
    sent = [(leaves, left), (arrives, delivered)]
    if kind is ShipmentKind.RESENT:
        sent.append((leaves + dice.below(2), left))
    return sent
