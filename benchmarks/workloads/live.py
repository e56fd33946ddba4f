"""Files that land one after the other while a live job goes on."""

from __future__ import annotations

from statistics import median

from benchmarks.bench import Bench, Outcome
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.orders import Orders
from benchmarks.process_tree import measure
from benchmarks.samples import Measured

NAME = "files landing under a live job"
_FILES = 20
_FIRST_FILES = 10


class Live:
    """How long a file takes to gold in a warm session, from its rename to gold's commit."""

    name = "live"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        sizes = bench.sizes
        house = bench.house("live")
        Orders(sizes.seen_rows).land_first(house.landing, _FIRST_FILES)
        told = ("--seen", sizes.seen_rows, "--files", _FILES, "--rows", sizes.rows_per_file)
        sample = measure(house, "live_run", [str(one) for one in told])
        seconds = [sample.facts[f"file_{number:02d}"] for number in range(_FILES)]
        processor = median(sample.facts[f"processor_{number:02d}"] for number in range(_FILES))
        bench.say(f"  {NAME}: median {median(seconds):.1f} s, worst {max(seconds):.1f} s")
        return Outcome(
            (
                Finding(
                    f"a landed file of {sizes.rows_per_file:,} rows to gold, three tables, live",
                    median(seconds),
                    Unit.SECONDS,
                    Goal("at most 5 s", 5.0),
                    f"{_FILES} files one after the other; the fastest {min(seconds):.1f} s, the "
                    f"slowest {max(seconds):.1f} s; {processor:.1f} s of processor time a file",
                ),
            ),
            (Measured(NAME, (sample,)),),
        )
