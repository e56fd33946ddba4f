"""The same increment against the same pipeline written by hand in Spark, in the same turns."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome, same_gold
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.programs.quick_jvm import QUICK
from benchmarks.workloads.seen import increment, seen

OURS = "increment, engine alone"
BARE = "increment, bare Spark, same settings"
DEFAULT = "increment, bare Spark, default settings"
GOAL = Goal("at most 1.15x", 1.15)
_LAYERS = ("bronze", "silver", "gold")


class Bare:
    """What the lakehouse costs over Spark and Delta alone."""

    name = "bare"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        files = bench.sizes.seen[0]
        default = ("--default-settings",)
        ours = seen(bench, files, "engine_run")
        bare = seen(bench, files, "bare_run")
        plain = seen(bench, files, "bare_run", default)
        found = bench.turn_about(
            [
                increment(bench, OURS, ours, "engine_run", (QUICK,)),
                increment(bench, BARE, bare, "bare_run", (QUICK,)),
                increment(bench, DEFAULT, plain, "bare_run", default),
            ]
        )
        same_gold(ours, bare, plain)
        us, them, slow = found[OURS], found[BARE], found[DEFAULT]
        return Outcome(
            (
                Finding(
                    "an increment in a new process, against a bare Spark pipeline",
                    us.wall / them.wall,
                    Unit.TIMES,
                    GOAL,
                    f"{us.wall:.1f} s against {them.wall:.1f} s",
                ),
                Finding(
                    "the same without start and end of the process and the session",
                    us.part(*_LAYERS) / them.part(*_LAYERS),
                    Unit.TIMES,
                    GOAL,
                    f"{us.part(*_LAYERS):.1f} s against {them.part(*_LAYERS):.1f} s; "
                    f"{us.fact('spark_jobs'):.0f} Spark jobs against "
                    f"{them.fact('spark_jobs'):.0f}",
                ),
                Finding(
                    "an increment in a new process, against bare Spark with default settings",
                    us.wall / slow.wall,
                    Unit.TIMES,
                    detail=f"{us.wall:.1f} s against {slow.wall:.1f} s",
                ),
            ),
            tuple(found.values()),
        )
