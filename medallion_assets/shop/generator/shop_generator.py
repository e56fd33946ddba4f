"""The seeded generator of the sample shop."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.shop.generator.batch import Batch
from medallion_assets.shop.generator.clicks import clicks
from medallion_assets.shop.generator.customers import customers
from medallion_assets.shop.generator.orders import orders
from medallion_assets.shop.generator.plan import ShopPlan
from medallion_assets.shop.generator.products import products
from medallion_assets.shop.generator.shipments import shipments


@dataclass(frozen=True, kw_only=True)
class ShopGenerator(ShopPlan):
    """Makes the batches of a sample shop; see `ShopPlan` for the arguments.

    The whole life of an order, a customer or a shipment is a function of the seed and of the batch
    it begins in, and ends within `LOOK_BACK` batches. So a batch needs no state of earlier ones:
    it gathers what arrives in it out of the lives begun in the last few batches.

    Cost: a batch on its own computes the lives of at most `2 * LOOK_BACK + 1` batches (about a
    second at 2,000 orders a batch); batches one after the other find them in a bounded cache, so
    each costs about its own size, however high its number.
    """

    def batch(self, number: int) -> Batch:
        """Return what the shop sends in one day; always the same for the same generator.

        Args:
            number: the batch, counted from 1.

        Raises:
            ValueError: when the number is smaller than 1.
        """
        if number < 1:
            raise ValueError(f"There is no batch {number}: batches are counted from 1")
        return Batch(
            number=number,
            files_per_feed=self.files_per_feed,
            orders=tuple(orders(self, number)),
            customers=tuple(customers(self, number)),
            products=tuple(products(self, number)),
            clicks=tuple(clicks(self, number)),
            shipments=tuple(shipments(self, number)),
        )
