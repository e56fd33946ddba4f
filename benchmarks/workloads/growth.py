"""New files after few and after many were seen: this project and Spark's built-in file source."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.errors import BenchmarkError
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.house import House
from benchmarks.programs.growth_stream import ENGINES, Engine, land
from benchmarks.samples import Measured

_GROWTH = {100_000: 1.2, 1_000_000: 1.5}


def variant_name(engine: Engine, seen: int) -> str:
    """What a variant is called, here and in the results."""
    return f"growth, {engine}, {seen:,} files seen"


class Growth:
    """Whether an increment grows with the files seen before, and with which engine."""

    name = "growth"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        sizes = bench.sizes
        found = bench.turn_about(
            [_variant(bench, engine, seen) for seen in sizes.seen for engine in ENGINES]
        )
        for measured in found.values():
            _check(measured, sizes.new_files, sizes.rows_per_file)
        findings = [
            finding
            for engine in ENGINES
            for seen in sizes.seen[1:]
            for finding in _findings(
                engine,
                found[variant_name(engine, sizes.seen[0])],
                found[variant_name(engine, seen)],
                (sizes.seen[0], seen),
            )
        ]
        return Outcome(tuple(findings), tuple(found.values()))


def _variant(bench: Bench, engine: Engine, seen: int) -> Variant:
    landing = bench.scratch / f"growth-{seen}"
    house = House(bench.scratch / f"growth-{seen}-{engine.replace(' ', '-')}", landing)
    chosen = ("--engine", engine)
    bench.kept(house, partial(_land_empty, house.landing, seen), "growth_seed", chosen)
    sizes = bench.sizes
    increment = ("--files", str(sizes.new_files), "--rows", str(sizes.rows_per_file))
    return Variant(
        variant_name(engine, seen), house, "growth_run", (*chosen, *increment),
        partial(_land_new, bench, house),
    )  # fmt: skip


def _land_empty(directory: Path, count: int) -> None:
    """Land the files that were seen before; see `benchmarks.programs.growth_seed`."""
    directory.mkdir(parents=True, exist_ok=True)
    last = directory / f"seen-{count - 1:07d}.json"
    if not last.exists():
        for number in range(count):
            (directory / f"seen-{number:07d}.json").touch()


def _land_new(bench: Bench, house: House) -> None:
    house.restore()
    land(house.landing, 1, bench.sizes.new_files, bench.sizes.rows_per_file)


def _check(measured: Measured, files: int, rows: int) -> None:
    """Both increments took just their own files, and all rows of them."""
    wanted = {"files_of_first": files, "files_of_second": files, "rows": 2 * files * rows + 2}
    for sample in measured.samples:
        if dict(sample.facts) != wanted:
            raise BenchmarkError(f"{measured.name} took {dict(sample.facts)} instead of {wanted}")


def _findings(
    engine: Engine, few: Measured, many: Measured, seen: tuple[int, int]
) -> tuple[Finding, Finding]:
    bound = _GROWTH.get(seen[1]) if engine == "cloudFiles" else None
    goal = None if bound is None else Goal(f"at most {bound}x", bound)
    what = f"{engine}: new files after {seen[1]:,} files seen, against {seen[0]:,}"
    return (
        Finding(
            what, many.wall / few.wall, Unit.TIMES, goal,
            f"{many.wall:.1f} s against {few.wall:.1f} s, the whole process",
        ),
        Finding(
            f"{what}, warm", many.part("second") / few.part("second"), Unit.TIMES,
            detail=f"{many.part('second'):.2f} s against {few.part('second'):.2f} s",
        ),
    )  # fmt: skip
