"""A landing sensor's look over a directory of many files."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.workloads.seen import increment, seen

NAME = "landing sensor, new files among many"


class Sensor:
    """What a tick costs, and how much it remembers."""

    name = "sensor"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        files = max(n for n in bench.sizes.seen if n <= 100_000)
        house = seen(bench, files, "dagster_run")
        found = bench.turn_about([increment(bench, NAME, house, "landing_look")])
        look = found[NAME]
        return Outcome(
            (
                Finding(
                    f"a sensor's look at {look.fact('listed'):,.0f} files against its ledger",
                    look.part("look"),
                    Unit.SECONDS,
                    Goal("at most 0.5 s for 100,000 files", 0.5),
                    f"the first look {look.part('first_look'):.2f} s, the whole tick "
                    f"{look.part('tick'):.2f} s",
                ),
                Finding(
                    "the sensor's cursor",
                    look.fact("cursor_bytes"),
                    Unit.BYTES,
                    Goal("under 4 KB", 4095),
                ),
            ),
            tuple(found.values()),
        )
