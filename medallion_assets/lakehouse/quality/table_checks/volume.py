"""How much came, against how much usually comes."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import ClassVar

from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict


@dataclass(frozen=True)
class Volume(TableCheck):
    """A run writes about as many rows as the runs before it.

    Runs that took nothing don't count. Before there are enough others, the check passes.

    Args:
        at_least: rows as a multiple of the median of the earlier runs.
        at_most: the same, upwards.
        runs: how many of the last runs make the median.
        after: how many there have to be.
    """

    asks: ClassVar[Asks] = Asks.AFTER_NEW_ROWS

    at_least: float = 0.1
    at_most: float = 10.0
    runs: int = 20
    after: int = 5

    def default_name(self) -> str:
        """`volume`."""
        return "volume"

    @property
    def description(self) -> str:
        """One sentence."""
        return (
            f"A run writes {self.at_least:g} to {self.at_most:g} times the rows of the median of "
            f"the last {self.runs}."
        )

    def verdict(self, looked: Looked) -> Verdict:
        """Compare the run with its history."""
        rows, before = looked.outcome.rows.written, looked.history[: self.runs]
        numbers: dict[str, int | float | str] = {"rows": rows, "runs_compared": len(before)}
        if len(before) < self.after:
            return Verdict(passed=True, numbers=numbers)
        usual = statistics.median(before)
        inside = self.at_least * usual <= rows <= self.at_most * usual
        return Verdict(passed=inside, numbers={**numbers, "median_rows": usual})
