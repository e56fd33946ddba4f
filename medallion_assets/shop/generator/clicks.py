"""The clicks feed: page views, some of them sent twice."""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from medallion_assets.shop.generator.plan import ShopPlan
from medallion_assets.shop.generator.records import Click

_RESENT_NEXT_BATCH = 0.03
_RESENT_SAME_BATCH = 0.02


def clicks(plan: ShopPlan, number: int) -> list[Click]:
    """Return the clicks of a batch: the day's own, then some of the day's and the day before's."""
    own = _day(plan, number)
    before = _day(plan, number - 1) if number > 1 else ()
    dice = plan.dice("clicks", "sent again", number)
    again = _sample(len(own), _RESENT_SAME_BATCH)
    late = _sample(len(before), _RESENT_NEXT_BATCH)
    resent = dice.shuffled(own)[:again] + dice.shuffled(before)[:late]
    return list(own) + dice.shuffled(resent)


def _sample(size: int, share: float) -> int:
    return max(1, round(size * share)) if size else 0


@lru_cache(maxsize=24)
def _day(plan: ShopPlan, number: int) -> tuple[Click, ...]:
    dice = plan.dice("clicks", number)
    size = max(4, plan.orders_per_batch * 3 // 2)
    return tuple(_click(plan, number, index) for index in dice.shuffled(range(size)))


def _click(plan: ShopPlan, number: int, index: int) -> Click:
    dice = plan.dice("click", number, index)
    product_id = plan.product(dice.skewed_below(plan.product_count(number))).product_id
    clicked_at = plan.midnight(number) + timedelta(milliseconds=dice.below(86_400_000))
    if dice.chance(0.02):
        # A phone that was off line sends what it kept.
        clicked_at -= timedelta(days=1)
    visitor = dice.below(plan.customer_count(number))
    return Click(
        click_id=f"c-{number:04d}-{index:06d}",
        session_id=f"s-{number:04d}-{visitor:05d}",
        customer_id=None if dice.chance(0.3) else visitor + 1,
        product_id=product_id,
        url=f"https://shop.example/products/{product_id}",
        clicked_at=clicked_at,
    )
