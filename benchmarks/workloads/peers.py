"""This project and its peers on the same files: a first load, and then an increment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.bench import Bench, Outcome, Variant
from benchmarks.goals import Finding, Goal, Unit
from benchmarks.house import House
from benchmarks.orders import Orders
from benchmarks.peers import contenders
from benchmarks.peers.comparison import same_gold
from benchmarks.peers.contender import Contender
from benchmarks.peers.entry import Entry, enter, first_loads
from benchmarks.peers.warm_session import measure_warm
from benchmarks.process_tree import end_lasting
from benchmarks.programs.warm_run import WARM_UP_ROUNDS
from benchmarks.samples import Measured
from benchmarks.workloads.seen import land_new

_FIVE = Goal("at least 5x", 5.0, at_least=True)
_TEN = Goal("at least 10x", 10.0, at_least=True)
_BARE = Goal("at most 1.15x", 1.15)
_LEVEL = Goal("level: at most 1.1x", 1.1)


def first_name(contender: str, files: int) -> str:
    """What a first load is called, here and in the results."""
    return f"{contender}: {files:,} files, the first load"


def increment_name(contender: str, files: int) -> str:
    """What an increment is called, here and in the results."""
    return f"{contender}: an increment after {files:,} files"


@dataclass(frozen=True)
class Peers:
    """The same files through this project, bare Spark and other tools, turn about.

    Args:
        contenders: what is compared.
        name: of the workload.
    """

    contenders: tuple[Contender, ...] = contenders.CONTENDERS
    name: str = "peers"

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        notes: list[str] = []
        found: dict[str, Measured] = {}
        for files in bench.sizes.peers_seen:
            found |= _after(bench, self.contenders, files, notes)
        findings = [
            finding for files in bench.sizes.peers_seen for finding in comparisons(found, files)
        ]
        return Outcome(tuple(findings), tuple(found.values()), tuple(notes))


def _after(
    bench: Bench, compared: Sequence[Contender], files: int, notes: list[str]
) -> dict[str, Measured]:
    """The first loads of so many files, and the increments after them."""
    entries = enter(bench, compared, lambda one: _house(bench, one, files), notes)
    try:
        found, loaded = first_loads(bench, entries, lambda name: first_name(name, files), notes)
        _warm_up(bench, loaded, files)
        increments = bench.turn_about([_increment(bench, one, files) for one in loaded])
        same_gold({one.contender.name: one.contender.read_gold(one.house) for one in loaded})
        for one in loaded:
            name = increment_name(one.contender.name, files)
            found[name] = _with_rewritten(bench, one, increments[name])
    finally:
        for one in entries:
            end_lasting(one.house)
    houses = {one.contender.name: one.house for one in loaded}
    ours, bare = houses.get(contenders.OURS.name), houses.get(contenders.BARE.name)
    if ours is not None and bare is not None:
        for pipeline, warm in measure_warm(bench, ours, bare).items():
            name = increment_name(pipeline, files)
            found[name] = replace(warm, name=name)
    return found


def _warm_up(bench: Bench, entries: Sequence[Entry], files: int) -> None:
    """Run the increment, not counted, where a JVM outlives it, as often as a warm session does."""
    for one in entries:
        if one.contender.keeps_engine:
            for _ in range(WARM_UP_ROUNDS):
                seconds = _increment(bench, one, files).run().wall_seconds
                bench.say(f"  {one.contender.name}, not counted: {seconds:.1f} s")


def _house(bench: Bench, contender: Contender, files: int) -> House:
    return bench.landed(f"peers-{contender.house}", Orders(bench.sizes.seen_rows), files)


def _increment(bench: Bench, one: Entry, files: int) -> Variant:
    name = increment_name(one.contender.name, files)
    return one.contender.variant(
        name,
        one.house,
        one.surroundings,
        partial(land_new, bench, one.house, elsewhere=one.contender.keeps_engine),
    )


def _with_rewritten(bench: Bench, one: Entry, measured: Measured) -> Measured:
    """The runs, with what the last of them wrote again, by row of the increment."""
    rewritten = one.contender.rewritten_bytes(one.house)
    if rewritten is None:
        return measured
    rows = bench.sizes.new_files * bench.sizes.rows_per_file
    told = {"rewritten_bytes_per_row": rewritten / rows}
    samples = [replace(sample, facts={**sample.facts, **told}) for sample in measured.samples]
    return Measured(measured.name, tuple(samples))


def comparisons(found: dict[str, Measured], files: int) -> list[Finding]:
    """What there is of the comparisons that have goals, and of some that have none."""
    ours, engine = contenders.OURS.name, contenders.OURS_WARM.name
    declarative, tuned = contenders.DECLARATIVE.name, contenders.DECLARATIVE_TUNED.name
    pairs = (
        (declarative, ours, _FIVE),
        (declarative, engine, _TEN),
        (tuned, ours, _FIVE),
        (tuned, engine, _TEN),
        (ours, contenders.BARE.name, _BARE),
        (contenders.OURS_IN_SESSION, contenders.BARE_IN_SESSION, _BARE),
        (engine, contenders.DLT.name, _LEVEL),
        (engine, contenders.POLARS.name, None),
        (engine, contenders.DUCKDB.name, None),
    )
    return [
        _ratio(found[increment_name(one, files)], found[increment_name(other, files)], goal)
        for one, other, goal in pairs
        if increment_name(one, files) in found and increment_name(other, files) in found
    ]


def _ratio(one: Measured, other: Measured, goal: Goal | None) -> Finding:
    name = other.name.partition(":")[0]
    return Finding(
        f"{one.name}, against {name}", one.wall / other.wall, Unit.TIMES, goal,
        f"{one.wall:.1f} s against {other.wall:.1f} s; processor {one.cpu:.1f} s against "
        f"{other.cpu:.1f} s",
    )  # fmt: skip
