"""Repeatable chance: the only source of randomness of the sample shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from random import Random
from typing import TypeVar

Item = TypeVar("Item")
Kind = TypeVar("Kind", bound=Enum)


class Dice:
    """Chance that depends on a name alone.

    Built on `Random.random` only: it is the one method whose sequence Python promises to keep from
    version to version, so that the same seed gives the same files under every supported Python.

    Args:
        name: what the dice is for, such as the seed, the feed and the batch number.
    """

    def __init__(self, *name: object) -> None:
        self._random = Random(":".join(str(part) for part in name)).random  # noqa: S311 - nothing here is secret

    def chance(self, probability: float) -> bool:
        """Return True with the given probability."""
        return self._random() < probability

    def below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1, each as likely."""
        return int(self._random() * limit)

    def between(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included, each as likely."""
        return low + self.below(high - low + 1)

    def skewed_below(self, limit: int) -> int:
        """Return an integer from 0 to `limit` - 1, the small ones more often."""
        return int(self._random() ** 2 * limit)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items, each as likely."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return the items in a random order."""
        deck = list(items)
        for last in range(len(deck) - 1, 0, -1):
            other = self.below(last + 1)
            deck[last], deck[other] = deck[other], deck[last]
        return deck

    def deal(self, size: int, shares: Mapping[Kind, float], otherwise: Kind) -> list[Kind]:
        """Deal kinds out to `size` places, each kind at least once as long as there is room.

        Args:
            size: the number of places.
            shares: the fraction of the places for each kind.
            otherwise: what the places left over get.
        """
        dealt: list[Kind] = []
        for kind, share in shares.items():
            dealt.extend([kind] * max(1, round(share * size)))
        # Few places: which of the kinds fit is chance too, or the last ones would never come.
        dealt = self.shuffled(dealt)[:size]
        return self.shuffled(dealt + [otherwise] * (size - len(dealt)))
