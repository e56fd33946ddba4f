"""Everything at once: many rows, and many files."""

from __future__ import annotations

from benchmarks.bench import Bench, Outcome, Variant, same_gold
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.house import House
from benchmarks.orders import Orders, rows_of_first_load
from benchmarks.samples import Measured
from benchmarks.workloads.bare import GOAL as BARE_GOAL

BRONZE = "first load, bronze only"
ALL = "first load, three layers"
BARE = "first load, bare Spark, same settings"
SMALL = "first load, one-row files into bronze"
_LAYERS = ("bronze", "silver", "gold")


class FirstLoad:
    """Rows and files a second, without the start of process and session; and memory."""

    name = "first_load"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        sizes = bench.sizes
        landing = bench.landing("load", Orders(sizes.load_rows), sizes.load_files)
        small = bench.landing("small-files", Orders(sizes.small_files), sizes.small_files)
        houses = {
            name: House(bench.house(f"first-load-{number}").root, directory)
            for number, (name, directory) in enumerate(
                {BRONZE: landing, ALL: landing, BARE: landing, SMALL: small}.items()
            )
        }
        only_bronze = ("--only-bronze",)
        found = bench.turn_about(
            [
                _variant(BRONZE, houses[BRONZE], "engine_run", only_bronze),
                _variant(ALL, houses[ALL], "engine_run"),
                _variant(BARE, houses[BARE], "bare_run"),
                _variant(SMALL, houses[SMALL], "engine_run", only_bronze),
            ]
        )
        same_gold(houses[ALL], houses[BARE])
        return Outcome(_findings(found, sizes.load_rows, sizes.small_files), tuple(found.values()))


def _variant(name: str, house: House, program: str, arguments: tuple[str, ...] = ()) -> Variant:
    return Variant(name, house, program, arguments, house.empty)


def _findings(found: dict[str, Measured], orders: int, files: int) -> tuple[Finding, ...]:
    rows = rows_of_first_load(orders)
    bronze, whole, bare, small = (found[name] for name in (BRONZE, ALL, BARE, SMALL))
    ours, theirs = whole.part(*_LAYERS), bare.part(*_LAYERS)
    parts = ", ".join(f"{name} {whole.part(name):.1f} s" for name in _LAYERS)
    return (
        Finding(
            "a first load through three layers, against a bare Spark pipeline",
            ours / theirs,
            Unit.TIMES,
            BARE_GOAL,
            f"{ours:.1f} s against {theirs:.1f} s; processor {whole.cpu:.0f} s against "
            f"{bare.cpu:.0f} s",
        ),
        Finding(
            "first load: NDJSON rows into bronze",
            rows / bronze.part("bronze"),
            Unit.PER_SECOND,
            Goal("at least 300,000 rows a second", 300_000, at_least=True),
            f"{rows:,} rows in {bronze.part('bronze'):.1f} s",
        ),
        Finding(
            "first load: rows through all three layers",
            rows / ours,
            Unit.PER_SECOND,
            Goal("at least 100,000 rows a second", 100_000, at_least=True),
            f"{rows:,} rows in {ours:.1f} s ({parts})",
        ),
        Finding(
            "first load: one-row files into bronze",
            files / small.part("bronze"),
            Unit.PER_SECOND,
            Goal("10 million files an hour (2,778 a second)", 10_000_000 / 3600, at_least=True),
            f"{files:,} files in {small.part('bronze'):.1f} s",
        ),
        Finding(
            f"memory of the whole process tree at {rows:,} rows",
            whole.peak / 1e9,
            Unit.GIGABYTES,
            Goal("at most 2 GB at 10 million rows", 2.0),
            f"bare Spark {bare.peak / 1e9:.1f} GB",
        ),
    )
