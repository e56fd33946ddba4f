"""The calendar and the sizes of the sample shop: everything the feeds share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

from medallion_assets.shop.generator.dice import Dice

# How many batches after its first one a life (of an order, a customer, a shipment) may still send
# records. Bounded, so that a batch never needs the whole history before it.
LOOK_BACK = 8

NEVER_SENT_CUSTOMER = 999_999_999
NEVER_SENT_PRODUCT = "P-0000"

CATEGORIES = ("Books", "Games", "Garden", "Kitchen", "Music")
_NOUNS = {
    "Books": ("Atlas", "Novel", "Cookbook", "Biography"),
    "Games": ("Chess Set", "Puzzle", "Card Deck", "Dice Tower"),
    "Garden": ("Rake", "Lantern", "Planter", "Watering Can"),
    "Kitchen": ("Kettle", "Skillet", "Teapot", "Cutting Board"),
    "Music": ("Ukulele", "Metronome", "Record", "Tambourine"),
}
_ADJECTIVES = ("Amber", "Blue", "Classic", "Folding", "Grand", "Little", "Nordic", "Red", "Silent")


@dataclass(frozen=True)
class ListedProduct:
    """What stays the same about a product, and the price it is first listed at."""

    product_id: str
    name: str
    category: str
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class ShopPlan:
    """The shop's calendar and sizes: a batch is a day.

    Args:
        seed: equal seeds give equal shops, byte for byte.
        start: the day of batch 1, UTC.
        orders_per_batch: new orders a batch; every other size follows from it.
        files_per_feed: files a batch and feed; shipments have one file a `day=` directory instead.

    Raises:
        ValueError: when a size is smaller than 1.
    """

    seed: int = 20261101
    start: date = date(2026, 11, 1)
    orders_per_batch: int = 200
    files_per_feed: int = 2

    def __post_init__(self) -> None:
        for name in ("orders_per_batch", "files_per_feed"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{type(self).__name__}.{name} is {getattr(self, name)}: give 1 or more"
                )

    def dice(self, *name: object) -> Dice:
        """Return the dice of that name under this plan's seed."""
        return Dice(self.seed, *name)

    def midnight(self, number: int) -> datetime:
        """Return the first moment of a batch's day."""
        return datetime.combine(self.start, time(), timezone.utc) + timedelta(days=number - 1)

    def batch_of(self, moment: datetime) -> int:
        """Return the number of the batch in whose day a moment lies; below 1 before the start."""
        return (moment.date() - self.start).days + 1

    def recent(self, number: int) -> range:
        """Return the batches whose lives may still send records in batch `number`."""
        return range(max(1, number - LOOK_BACK), number + 1)

    @property
    def snapshot_customers(self) -> int:
        """How many customers the change feed's snapshot holds."""
        return max(10, self.orders_per_batch * 2 // 5)

    @property
    def new_customers(self) -> int:
        """How many customers every batch inserts."""
        return max(6, self.orders_per_batch // 20)

    def customer_count(self, number: int) -> int:
        """Return the number of customers ever inserted up to a batch: the highest customer_id."""
        return self.snapshot_customers + number * self.new_customers

    @property
    def first_products(self) -> int:
        """How many products batch 1 lists."""
        return max(20, self.orders_per_batch * 3 // 10)

    @property
    def new_products(self) -> int:
        """How many products every later batch adds."""
        return 2

    def product_count(self, number: int) -> int:
        """Return the number of products listed up to a batch."""
        return self.first_products + (number - 1) * self.new_products

    def product(self, index: int) -> ListedProduct:
        """Return the product with that index, counted from 0."""
        return _listed_product(self.seed, index)


@lru_cache(maxsize=100_000)
def _listed_product(seed: int, index: int) -> ListedProduct:
    dice = Dice(seed, "product", index)
    category = CATEGORIES[index % len(CATEGORIES)]
    name = f"{dice.pick(_ADJECTIVES)} {dice.pick(_NOUNS[category])}"
    price = Decimal(dice.between(299, 14_999)).scaleb(-2)
    return ListedProduct(f"P-{index + 1:04d}", name, category, price)
