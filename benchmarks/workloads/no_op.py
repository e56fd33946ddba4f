"""A run that finds nothing new."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.workloads.seen import seen

DAGSTER = "nothing new, Dagster run"
ENGINE = "nothing new, engine alone"


class NoOp:
    """What it costs to find that there is nothing to do."""

    name = "no_op"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        files = bench.sizes.seen[0]
        variants = [
            Variant(name, house, program, prepare=house.restore)
            for name, program in ((DAGSTER, "dagster_run"), (ENGINE, "engine_run"))
            for house in [seen(bench, files, program)]
        ]
        found = bench.turn_about(variants)
        run, engine = found[DAGSTER], found[ENGINE]
        up = run.wall - run.part("imports")
        return Outcome(
            (
                Finding(
                    "nothing new: Spark jobs",
                    run.fact("spark_jobs"),
                    Unit.JOBS,
                    Goal("no Spark job", 0),
                ),
                Finding(
                    "nothing new: a Dagster run, once the process is up",
                    up,
                    Unit.SECONDS,
                    Goal("at most 1 s", 1.0),
                    f"the whole process {run.wall:.1f} s; of it the tables "
                    f"{run.part('bronze', 'silver', 'gold'):.2f} s",
                ),
                Finding(
                    "nothing new: the engine alone, the whole process",
                    engine.wall,
                    Unit.SECONDS,
                    detail=f"once it is up {engine.wall - engine.part('imports'):.2f} s",
                ),
            ),
            tuple(found.values()),
        )
