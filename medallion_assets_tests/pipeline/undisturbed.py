"""The shop's three sample batches, taken one after the other by one undisturbed process."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets.shop import lakehouse
from medallion_assets.shop.generator import ShopGenerator, Truth, truth
from medallion_assets_tests.lakehouse.delta_rows import (
    Row,
    commits,
    in_order,
    no_session,
    rows,
    run,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

BATCHES = (1, 2, 3)
TABLES = {table.full_name: table for table in lakehouse.tables}
QUARANTINES = {
    f"{table.full_name}_quarantine": table
    for table in lakehouse.tables
    if isinstance(table, SilverTable) and table.has_quarantine
}


@dataclass(frozen=True)
class Step:
    """A batch, and the lake after it.

    Attributes:
        truth: what every table must hold.
        tables: the rows of every table and quarantine, by name.
        done: what the run did to each table.
        again: what a second run did to each table.
        versions: of every table, after the run and after the second one.
    """

    truth: Truth
    tables: Mapping[str, list[Row]]
    done: Mapping[str, Materialization]
    again: Mapping[str, Materialization]
    versions: tuple[Mapping[str, int], Mapping[str, int]]


@dataclass(frozen=True)
class Undisturbed:
    """The lake, and its state after every batch."""

    lake: Lake
    steps: dict[int, Step] = field(default_factory=dict)

    def take(self, session: Callable[[], SparkSession]) -> None:
        """Land and take every batch, each followed by a run with nothing new."""
        generator, batches = ShopGenerator(), []
        for number in BATCHES:
            batches.append(generator.batch(number))
            batches[-1].write(self.lake.landing)
            done = {name: run(table, self.lake, session) for name, table in TABLES.items()}
            versions = self.versions()
            again = {n: run(table, self.lake, no_session) for n, table in TABLES.items()}
            self.steps[number] = Step(
                truth(batches), contents(self.lake), done, again, (versions, self.versions())
            )

    def versions(self) -> dict[str, int]:
        return {name: commits(self.lake, table) for name, table in TABLES.items()}


def contents(lake: Lake) -> dict[str, list[Row]]:
    """The rows of every table and quarantine that is there."""
    paths = {name: lake.path(table) for name, table in TABLES.items()}
    paths |= {name: lake.quarantine_path(table) for name, table in QUARANTINES.items()}
    return {name: rows(path) for name, path in paths.items() if (path / "_delta_log").is_dir()}


BY_RUN = {
    *("_ingested_at", "_file_modification_time", "_batch", "_batch_id"),
    *("_quarantined_at", "_quarantine_id"),
}
"""Columns that say when and in which micro-batch a row came: two runs rightly differ in them."""


def comparable(lake: Lake, found: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    """The rows without what depends on the run, and files named below the landing directory."""
    prefix = re.compile(rf"file:/*{re.escape(str(lake.landing)).lstrip('/')}")

    def cleaned(value: Any) -> Any:
        return prefix.sub("landing:", value) if isinstance(value, str) else value

    return {
        name: in_order(
            {k: cleaned(v) for k, v in row.items() if k not in BY_RUN and v is not None}
            for row in table
        )
        for name, table in found.items()
    }
