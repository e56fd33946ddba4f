"""New files to gold in a new Dagster run, after few and after many files seen."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome, same_gold
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.workloads.seen import increment, seen

_GROWTH = {100_000: 1.2, 1_000_000: 1.5}


class Increment:
    """How long a new process takes, and whether it grows with the files seen before."""

    name = "increment"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        sizes = bench.sizes
        houses = {files: seen(bench, files, "dagster_run") for files in sizes.seen}
        names = {files: f"increment, {files:,} files seen" for files in sizes.seen}
        found = bench.turn_about(
            [increment(bench, names[n], house, "dagster_run") for n, house in houses.items()]
        )
        same_gold(*houses.values())
        few = found[names[sizes.seen[0]]]
        findings = []
        for files in sizes.seen[1:]:
            bound = _GROWTH.get(files)
            many = found[names[files]]
            findings.append(
                Finding(
                    f"an increment after {files:,} files seen, against {sizes.seen[0]:,}",
                    many.wall / few.wall,
                    Unit.TIMES,
                    None if bound is None else Goal(f"at most {bound}x", bound),
                    f"{many.wall:.1f} s against {few.wall:.1f} s",
                )
            )
        parts = ", ".join(f"{name} {value:.1f}" for name, value in few.parts.items())
        findings.append(
            Finding(
                f"{sizes.new_files} new files of {sizes.rows_per_file:,} rows to gold, three "
                "tables, a new Dagster run, nothing running before",
                few.wall,
                Unit.SECONDS,
                Goal("at most 15 s", 15.0),
                f"{parts}; {few.fact('spark_jobs'):.0f} Spark jobs",
            )
        )
        return Outcome(tuple(findings), tuple(found.values()))
