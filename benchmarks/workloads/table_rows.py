"""The same increment onto tables of more and more rows: what a merge looks at and writes again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.delta_commits import commits_since, rewritten_bytes
from benchmarks.goals import Finding, Unit
from benchmarks.house import House
from benchmarks.lakehouse import silver_orders
from benchmarks.orders import DAYS, Orders
from benchmarks.programs.quick_jvm import QUICK
from benchmarks.samples import Measured
from benchmarks.sizes import Sizes

Land = Callable[[House, Orders, Sizes], None]


def _all_over(house: House, orders: Orders, sizes: Sizes) -> None:
    orders.land_increment(house.landing, sizes.new_files, sizes.rows_per_file)


def _newest_day(house: House, orders: Orders, _: Sizes) -> None:
    orders.land_day(house.landing, DAYS - 1, change=1)


@dataclass(frozen=True)
class _Case:
    """Where the changes are, and how silver takes them."""

    name: str
    land: Land
    arguments: tuple[str, ...] = ()


_CASES = (
    _Case("changes all over", _all_over),
    _Case(
        "changes all over, rows marked from now on", _all_over,
        ("--lakehouse", "benchmarks.marked_lakehouse"),
    ),
    _Case("changes of the newest day", _newest_day),
)  # fmt: skip


@dataclass(frozen=True)
class TableRows:
    """How the cost of an increment grows with the table, by where its changes are."""

    name: str = "table_rows"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        houses = {
            rows: bench.filled("gold", Orders(rows), 20, "engine_run")
            for rows in bench.sizes.table_rows
        }
        findings: list[Finding] = []
        measured: list[Measured] = []
        for case in _CASES:
            for rows, house in houses.items():
                variant = _variant(bench, case, house, rows)
                (found,) = bench.turn_about([variant]).values()
                measured.append(found)
                findings.append(_finding(found, house))
        return Outcome(tuple(findings), tuple(measured))


def _variant(bench: Bench, case: _Case, house: House, rows: int) -> Variant:
    name = f"{case.name}, onto {rows:,} rows"
    prepare = partial(_prepare, bench, house, rows, case.land)
    return Variant(name, house, "engine_run", (QUICK, *case.arguments), prepare)


def _prepare(bench: Bench, house: House, rows: int, land: Land) -> None:
    house.restore()
    land(house, Orders(rows), bench.sizes)


def _finding(found: Measured, house: House) -> Finding:
    """The merge's time, with what its last run wrote again."""
    path = house.lake.path(silver_orders)
    before = house.kept / path.relative_to(house.lake.root)
    rewritten = rewritten_bytes(commits_since(path, before))
    size = sum(file.stat().st_size for file in before.glob("*.parquet"))
    return Finding(
        f"silver, {found.name}",
        found.part("silver"),
        Unit.SECONDS,
        None,
        f"{rewritten / 1e6:,.1f} of {size / 1e6:,.1f} MB written again; bronze "
        f"{found.part('bronze'):.1f} s, gold {found.part('gold'):.1f} s, from nothing running",
    )
