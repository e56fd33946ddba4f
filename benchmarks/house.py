"""A scratch directory with a lake, a landing directory and a Dagster instance of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from deltalake import DeltaTable

from benchmarks.lakehouse import bronze_orders, gold_revenue
from benchmarks.orders import NEW_FILES
from medallion_assets.lakehouse.lake import Lake

PROJECT = Path(__file__).resolve().parent.parent
Gold = dict[tuple[object, ...], tuple[int, int, Decimal]]


@dataclass(frozen=True)
class House:
    """One place in which measured processes work, one after the other.

    Args:
        root: the scratch directory.
        landing_root: where files land; several houses may read one.
    """

    root: Path
    landing_root: Path

    @classmethod
    def at(cls, root: Path) -> House:
        """A house with a landing directory of its own."""
        return cls(root, root / "landing")

    @property
    def lake(self) -> Lake:
        """The lake."""
        moved = self.root / "lake-moved"
        name = moved.read_text() if moved.exists() else "lake"
        return Lake(self.root / name, self.landing_root)

    @property
    def landing(self) -> Path:
        """Where the orders land."""
        return self.lake.landing_path(bronze_orders.source)

    def environment(self) -> dict[str, str]:
        """The environment of a process that works here, and nowhere else."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MEDALLION_", "DAGSTER_", "SPARK_", "PYSPARK_"))
        }
        return {
            **inherited,
            # What is measured begins with nothing running.
            "MEDALLION_ENGINE": "off",
            "MEDALLION_LAKE": str(self.lake.root),
            "MEDALLION_LANDING": str(self.landing_root),
            "DAGSTER_HOME": str(self.root / "dagster"),
            "PYTHONPATH": os.pathsep.join(
                [str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
        }

    def empty(self) -> None:
        """Take away the lake; what has landed stays."""
        shutil.rmtree(self.lake.root, ignore_errors=True)

    def keep(self) -> None:
        """Keep the lake as it is now, to come back to."""
        shutil.rmtree(self.kept, ignore_errors=True)
        shutil.copytree(self.lake.root, self.kept)

    def restore(self, *, elsewhere: bool = False) -> None:
        """Put the kept lake back, and take away the files that landed since.

        Args:
            elsewhere: to a path where no lake has been. Delta keeps a table's log by its path as
                long as the JVM runs, and would not see that it is an older one again.
        """
        self.empty()
        if elsewhere:
            number = int(self.lake.root.name.partition("-")[2] or 0) + 1
            (self.root / "lake-moved").write_text(f"lake-{number}")
        shutil.copytree(self.kept, self.lake.root)
        self.take_new_away()

    def take_new_away(self) -> None:
        """Take away what has landed besides the first load."""
        for file in self.landing_root.glob(f"*/{NEW_FILES}-*"):
            file.unlink()

    def gold(self) -> Gold:
        """The gold table: group to its values."""
        return read_gold(self.lake.path(gold_revenue))

    @property
    def kept(self) -> Path:
        """The kept lake."""
        return self.root / "lake-kept"


def read_gold(path: Path) -> Gold:
    """A gold table that is a Delta table: group to its values."""
    return gold_of(DeltaTable(path).to_pyarrow_table().to_pylist())


def gold_of(rows: Iterable[Mapping[str, Any]]) -> Gold:
    """Rows with the columns of the gold table, by group."""
    return {
        (row["order_date"], row["product"]): (row["orders"], row["units"], row["revenue"])
        for row in rows
    }
