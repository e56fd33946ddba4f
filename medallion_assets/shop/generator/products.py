"""The products feed: the price list, and what changes in it every day."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from medallion_assets.shop.generator.dice import Dice
from medallion_assets.shop.generator.plan import ShopPlan
from medallion_assets.shop.generator.records import MalformedLine, ProductEntry, ProductRow
from medallion_assets.shop.generator.text import product_line


def products(plan: ShopPlan, number: int) -> list[ProductEntry]:
    """Return the price list of a batch: new products, new prices, bad lines; not in time order."""
    dice = plan.dice("products", number)
    midnight = plan.midnight(number)
    known = plan.product_count(number - 1) if number > 1 else 0
    entries: list[ProductEntry] = [
        _row(plan, index, Decimal(1), midnight + timedelta(seconds=(index - known) % 3600))
        for index in range(known, plan.product_count(number))
    ]
    # Products that batch 1 lists for the first time may change their price on the same day.
    candidates = dice.shuffled(range(known or plan.product_count(number)))
    twice, wrong, too_few, too_many, *others = candidates
    entries += [
        _row(plan, index, _factor(dice), midnight + timedelta(hours=14, seconds=dice.below(3600)))
        for index in others[: max(3, len(candidates) // 12)]
    ]
    for hour in (6, 9):
        updated_at = midnight + timedelta(hours=hour)
        entries.append(_row(plan, twice, _factor(dice), updated_at))
    # Bad lines name products that are good elsewhere and are newer: a leak shows in the price.
    evening = midnight + timedelta(hours=20)
    last = _row(plan, wrong, Decimal(1), evening)
    entries.append(ProductRow(last.product_id, last.name, last.category, "n/a", evening))
    short = product_line(_row(plan, too_few, Decimal(2), evening)).rsplit("|", 2)[0]
    long = product_line(_row(plan, too_many, Decimal(3), evening)) + "|EUR|clearance"
    entries += [MalformedLine(short), MalformedLine(long)]
    return dice.shuffled(entries)


def _row(plan: ShopPlan, index: int, factor: Decimal, updated_at: datetime) -> ProductRow:
    listed = plan.product(index)
    price = (listed.price * factor).quantize(Decimal("0.01"))
    return ProductRow(listed.product_id, listed.name, listed.category, price, updated_at)


def _factor(dice: Dice) -> Decimal:
    return Decimal(dice.between(80, 125)).scaleb(-2)
