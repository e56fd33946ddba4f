"""Several tables that land together, through this project, bare Spark and DuckDB."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.errors import PeerUnavailableError
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.house import House
from benchmarks.peers.comparison import same_gold
from benchmarks.peers.contender import Contender
from benchmarks.peers.entry import Entry, enter, first_loads
from benchmarks.peers.gold import GoldColumns
from benchmarks.programs.quick_jvm import QUICK
from benchmarks.samples import Measured
from benchmarks.workloads.bare import GOAL

OURS, BARE, DUCKDB = "this project, the engine alone", "bare Spark", "DuckDB, its own file"


class Landing(Protocol):
    """Files for a landing root: most at first, and then an increment."""

    def land_first(self, landing: Path) -> None:
        """Land all but the increment."""
        ...

    def land_new(self, landing: Path) -> None:
        """Land the increment."""
        ...


def contenders_of(name: str, gold: GoldColumns) -> tuple[Contender, ...]:
    """The three that are compared, each with its program for the workload of this name."""
    return (
        Contender(
            OURS, "ours", "engine_run", rewritten=(), read_gold=gold.delta,
            arguments=lambda _: ("--lakehouse", f"benchmarks.{name}.lakehouse"),
        ),
        Contender(
            BARE, "bare", "bare_run", rewritten=(), read_gold=gold.delta,
            arguments=lambda _: ("--pipeline", f"benchmarks.{name}.bare"),
        ),
        Contender(
            DUCKDB, "duckdb", name, peer="duckdb_native", rewritten=(), read_gold=gold.duckdb
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class SeveralTables:
    """A first load, once, and an increment, in turns; all have to come to the same gold.

    Args:
        name: of the workload.
        landing: makes what lands ready, by the bench's sizes.
        contenders: what is compared.
    """

    name: str
    landing: Callable[[Bench], Landing]
    contenders: tuple[Contender, ...]

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        try:
            landing = self.landing(bench)
        except PeerUnavailableError as error:
            return Outcome((), (), (f"{self.name} is left out: {error}",))
        landed = bench.scratch / f"{self.name}-landing"
        shutil.rmtree(landed, ignore_errors=True)
        landing.land_first(landed)
        notes: list[str] = []
        entries = enter(bench, self.contenders, lambda one: self._house(bench, one, landed), notes)
        found, loaded = first_loads(bench, entries, self._first, notes)
        found |= bench.turn_about([self._next(one, landing) for one in loaded])
        same_gold({one.contender.name: one.contender.read_gold(one.house) for one in loaded})
        ratios = (*findings(found, self._first), *findings(found, self._increment))
        return Outcome(ratios, tuple(found.values()), tuple(notes))

    def _house(self, bench: Bench, contender: Contender, landed: Path) -> House:
        return House(bench.house(f"{self.name}-{contender.house}").root, landed)

    def _next(self, one: Entry, landing: Landing) -> Variant:
        name, prepare = self._increment(one.contender.name), partial(_land_new, one.house, landing)
        variant = one.contender.variant(name, one.house, one.surroundings, prepare)
        if one.contender.peer is not None:
            return variant
        return replace(variant, arguments=(*variant.arguments, QUICK))

    def _first(self, contender: str) -> str:
        return f"{self.name}, {contender}: the first load"

    def _increment(self, contender: str) -> str:
        return f"{self.name}, {contender}: an increment"


def findings(found: Mapping[str, Measured], named: Callable[[str], str]) -> list[Finding]:
    """The ratios of those that were measured.

    Args:
        found: what was measured.
        named: a contender's name to that of what it did.
    """
    pairs = ((OURS, BARE, GOAL), (OURS, DUCKDB, None))
    return [
        _ratio(found[named(one)], found[named(other)], other, goal)
        for one, other, goal in pairs
        if named(one) in found and named(other) in found
    ]


def _land_new(house: House, landing: Landing) -> None:
    house.restore()
    landing.land_new(house.landing_root)


def _ratio(one: Measured, other: Measured, name: str, goal: Goal | None) -> Finding:
    return Finding(
        f"{one.name}, against {name}", one.wall / other.wall, Unit.TIMES, goal,
        f"{one.wall:.1f} s against {other.wall:.1f} s; processor {one.cpu:.1f} s against "
        f"{other.cpu:.1f} s; memory {one.peak / 1e9:.2f} GB against {other.peak / 1e9:.2f} GB; "
        f"{_jobs(one):.0f} Spark jobs against {_jobs(other):.0f}",
    )  # fmt: skip


def _jobs(measured: Measured) -> float:
    """None are told of where there is no Spark."""
    return measured.fact("spark_jobs") if "spark_jobs" in measured.samples[0].facts else 0
