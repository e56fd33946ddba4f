"""A batch: what the shop sends in one day, and the files that carry it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import TypeVar

from medallion_assets.shop.generator.columnar import click_file, shipment_file
from medallion_assets.shop.generator.files import write_atomically
from medallion_assets.shop.generator.records import (
    Click,
    CustomerChange,
    MalformedLine,
    OrderEntry,
    ProductEntry,
    Shipment,
)
from medallion_assets.shop.generator.text import (
    PRODUCT_HEADER,
    customer_line,
    order_line,
    product_line,
)

Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Batch:
    """What the shop sends in one day, in the order it is written.

    Attributes:
        number: the batch, counted from 1; part of every file name.
        files_per_feed: files a feed; shipments have one file a `day=` directory instead.
        orders: NDJSON rows, and lines that are none.
        customers: the changes of the customers table.
        products: pipe-delimited rows, and lines that are none.
        clicks: Avro records.
        shipments: Parquet rows.
    """

    number: int
    files_per_feed: int
    orders: tuple[OrderEntry, ...]
    customers: tuple[CustomerChange, ...]
    products: tuple[ProductEntry, ...]
    clicks: tuple[Click, ...]
    shipments: tuple[Shipment, ...]

    def contents(self) -> dict[PurePosixPath, bytes]:
        """Return the files of this batch: path below the landing directory, and content.

        Equal batches have equal files, byte for byte, under the same pyarrow and zlib.
        """
        files: dict[PurePosixPath, bytes] = {}
        for path, orders in self._split("orders", "json", self.orders):
            files[path] = _lines(
                entry.text if isinstance(entry, MalformedLine) else order_line(entry)
                for entry in orders
            )
        for path, changes in self._split("customers", "json", self.customers):
            files[path] = _lines(customer_line(change) for change in changes)
        for path, products in self._split("products", "csv", self.products):
            lines = [
                entry.text if isinstance(entry, MalformedLine) else product_line(entry)
                for entry in products
            ]
            files[path] = _lines(iter([PRODUCT_HEADER, *lines]))
        for path, clicks in self._split("clicks", "avro", self.clicks):
            files[path] = click_file(clicks, path.name)
        for path, rows in self._shipment_days():
            files[path] = shipment_file(rows)
        return files

    def write(self, landing: Path) -> list[Path]:
        """Write the files of this batch into a landing directory, each one atomically.

        Args:
            landing: the landing directory; its sub-directories are made where they are missing.

        Returns:
            The files, in the order they were written. Files already there are replaced.
        """
        return [
            write_atomically(landing / path, content) for path, content in self.contents().items()
        ]

    def _split(
        self, feed: str, extension: str, entries: Sequence[Entry]
    ) -> Iterator[tuple[PurePosixPath, Sequence[Entry]]]:
        """Yield the files of a feed: parts of about the same size, none of them empty."""
        for part in range(self.files_per_feed):
            first = part * len(entries) // self.files_per_feed
            after = (part + 1) * len(entries) // self.files_per_feed
            if first < after:
                name = f"{feed}-{self.number:04d}-{part + 1:02d}.{extension}"
                yield PurePosixPath(feed, name), entries[first:after]

    def _shipment_days(self) -> Iterator[tuple[PurePosixPath, Sequence[Shipment]]]:
        days: defaultdict[date, list[Shipment]] = defaultdict(list)
        for row in self.shipments:
            days[row.shipped_at.date()].append(row)
        for day in sorted(days):
            name = f"shipments-{self.number:04d}-01.parquet"
            yield PurePosixPath("shipments", f"day={day.isoformat()}", name), days[day]


def _lines(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
