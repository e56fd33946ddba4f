"""Orders as NDJSON files, made from their numbers alone: the same call writes the same bytes.

Of 1,000 orders 10 have a negative amount and 2 no id (both go to quarantine), and 20 are sent
twice, so that reading, judging and merging all have something to do.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

SCHEMA = (
    "order_id BIGINT, customer_id BIGINT, product STRING, quantity INT, amount DECIMAL(12,2), "
    "status STRING, ordered_at TIMESTAMP, updated_at TIMESTAMP"
)
DAYS = 100
PRODUCTS = 100
NEW_FILES = "new"
"""What the names of files begin with that land after the first load."""

_FIRST_DAY = datetime.date(2026, 1, 1)
_DATES = [(_FIRST_DAY + datetime.timedelta(days=day)).isoformat() for day in range(DAYS)]
_STATUSES = ("placed", "paid", "shipped")


@dataclass(frozen=True)
class Orders:
    """A shop's orders, spread evenly over 100 days and 100 products.

    Args:
        count: how many there are after the first load.
    """

    count: int

    def line(self, number: int, change: int = 0) -> str:
        """An order in the state it has after so many changes."""
        day = min(number * DAYS // self.count, DAYS - 1)
        product = number * 7919 % PRODUCTS
        cents = 100 + number * 104729 % 99_900 + change
        amount = -cents if number % 100 == 99 else cents
        order_id = "null" if number % 500 == 250 else number
        second = number % 86_400
        time = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
        ordered_at = f"{_DATES[day]}T{time}Z"
        updated_at = ordered_at
        if change:
            updated_at = f"2026-06-01T{change // 60:02d}:{change % 60:02d}:00Z"
        return (
            f'{{"order_id":{order_id},"customer_id":{number * 31 % 50_021},'
            f'"product":"P{product:03d}","quantity":{1 + number % 5},'
            f'"amount":{amount / 100:.2f},"status":"{_STATUSES[change % 3]}",'
            f'"ordered_at":"{ordered_at}","updated_at":"{updated_at}"}}\n'
        )

    def land_first(self, directory: Path, files: int) -> None:
        """Write all orders, in the order of their numbers, as so many files."""
        for file in range(files):
            numbers = range(self.count * file // files, self.count * (file + 1) // files)
            _write(directory / f"orders-{file:07d}.json", self._sent(numbers))

    def land_increment(self, directory: Path, files: int, rows: int) -> None:
        """Write files of so many rows each: two in three a new order, one an order's change."""
        number = self.count
        for file in range(files):
            lines = []
            for row in range(rows):
                if row % 3:
                    lines.append(self.line(number))
                    number += 1
                else:
                    lines.append(self.line((file * rows + row) * 7907 % self.count, change=1))
            _write(directory / f"{NEW_FILES}-{file:07d}.json", lines)

    def land_day(self, directory: Path, day: int, change: int) -> None:
        """Write a file that changes ten orders of each product on one day: 1 % of the groups."""
        first = self.count * day // DAYS
        numbers = range(first, first + min(10 * PRODUCTS, self.count // DAYS))
        lines = [self.line(number, change) for number in numbers]
        _write(directory / f"{NEW_FILES}-{change:04d}.json", lines)

    def _sent(self, numbers: Iterable[int]) -> Iterator[str]:
        for number in numbers:
            line = self.line(number)
            yield line
            if number % 50 == 0:
                yield line


def rows_of_first_load(count: int) -> int:
    """How many lines `land_first` writes."""
    return count + (count + 49) // 50


def _write(path: Path, lines: Iterable[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.writelines(lines)
