"""Runs of a table that remembers, killed where it hurts, and what Spark said it left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse import silver
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import run

if TYPE_CHECKING:
    from pyspark.sql.streaming.query import StreamingQuery

KILLS = ("nowhere", "before the table", "after the table", "before the commit log")


class KilledError(Exception):
    """The process is gone."""


@dataclass
class KilledRuns:
    """The runs of one table, each of which is completed by another where it was killed."""

    table: SilverTable
    lake: Lake
    patch: pytest.MonkeyPatch
    started: list[StreamingQuery] = field(default_factory=list)

    def __post_init__(self) -> None:
        start = query._start

        def remembered(*arguments: Any) -> StreamingQuery:
            self.started.append(start(*arguments))
            return self.started[-1]

        self.patch.setattr(query, "_start", remembered)

    def run(self, kill: str) -> None:
        """Take all there is, killed once on the way."""
        if kill == "before the table":
            with self.patch.context() as patch:
                patch.setattr(silver._Writing, "_taken", _die)
                with pytest.raises(KilledError):
                    run(self.table, self.lake)
        elif kill == "after the table":
            with pytest.raises(KilledError):
                run(self.table, self.lake, progress=_die)
        run(self.table, self.lake)
        if kill == "before the commit log":
            checkpoint = self.lake.stream_directory(self.table)
            numbers = [int(p.name) for p in (checkpoint / "commits").iterdir() if p.name.isdigit()]
            (checkpoint / "commits" / str(max(numbers))).unlink()
            (checkpoint / "_consumed.json").unlink()
            run(self.table, self.lake)

    def dropped_by_watermark(self) -> int:
        """The rows that the stateful operators left out, by their own count."""
        batches = {
            progress.batchId: progress
            for started in self.started
            for progress in started.recentProgress
        }
        operators = [operator for batch in batches.values() for operator in batch.stateOperators]
        return sum(operator.numRowsDroppedByWatermark for operator in operators)


def _die(*_: Any) -> Any:
    raise KilledError
