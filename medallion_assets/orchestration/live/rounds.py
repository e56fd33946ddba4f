"""Rounds over all tables, in the way of Structured Streaming's `processingTime`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from medallion_assets.orchestration.live.reports import Event
from medallion_assets.orchestration.live.turn import Turn


@dataclass(frozen=True)
class Rounds:
    """Rounds, until nothing has come for long enough or the run is cancelled.

    A round begins every interval. One that takes longer is followed by the next one at once.

    Args:
        turns: the tables, each after those it reads.
        interval_seconds: from one round's beginning to the next one's.
        idle_seconds: after how long without anything new they end; 0 for never.
        clock: one that only goes forward.
        sleep: waits; in Python, so that a signal ends it at once.
    """

    turns: Sequence[Turn]
    interval_seconds: float
    idle_seconds: float
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def run(self) -> Iterator[Event]:
        """Take what comes; gives the events of what was taken."""
        last_taken = self.clock()
        while True:
            began, before = self.clock(), self._taken()
            yield from self.one()
            if self._taken() != before:
                last_taken = self.clock()
            elif self.idle_seconds and self.clock() - last_taken >= self.idle_seconds:
                return
            self.sleep(max(0.0, self.interval_seconds - (self.clock() - began)))

    def one(self) -> Iterator[Event]:
        """One round."""
        failed: set[str] = set()
        for turn in self.turns:
            if failed.isdisjoint(table.full_name for table in turn.above) and turn.wants(
                self.clock()
            ):
                yield from turn.take()
            if turn.failure is not None:
                failed.add(turn.table.full_name)

    def _taken(self) -> int:
        return sum(turn.has_taken for turn in self.turns)
