"""The contenders that can run here, each in its house, and their first loads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.errors import BenchmarkError, PeerUnavailableError
from benchmarks.house import House
from benchmarks.peers.contender import Contender
from benchmarks.samples import Measured
from benchmarks.surroundings import Surroundings


@dataclass(frozen=True)
class Entry:
    """A contender that can run here, and where."""

    contender: Contender
    house: House
    surroundings: Surroundings


def enter(
    bench: Bench,
    compared: Sequence[Contender],
    house: Callable[[Contender], House],
    notes: list[str],
) -> list[Entry]:
    """Make ready what is compared.

    Args:
        bench: the means.
        compared: the contenders.
        house: gives the one in which a contender works.
        notes: gets a line for each contender that can't run here.
    """
    entries = []
    for contender in compared:
        try:
            surroundings = contender.surroundings(bench)
        except PeerUnavailableError as error:
            notes.append(f"{contender.name} is left out: {error}")
            continue
        entries.append(Entry(contender, house(contender), surroundings))
    return entries


def first_loads(
    bench: Bench, entries: Sequence[Entry], named: Callable[[str], str], notes: list[str]
) -> tuple[dict[str, Measured], list[Entry]]:
    """The first loads, and those that came through.

    A peer that fails is told of and left out, as this is where sizes beyond a tool show.

    Args:
        bench: the means.
        entries: what is compared.
        named: a contender's name to that of its first load.
        notes: gets a line for each that failed.

    Raises:
        BenchmarkError: one of this project's own programs failed.
    """
    found: dict[str, Measured] = {}
    loaded: list[Entry] = []
    for one in entries:
        name = named(one.contender.name)
        variant = one.contender.first_load(name, one.house, one.surroundings)
        try:
            found |= bench.turn_about([variant], runs=1)
        except BenchmarkError as error:
            if one.contender.peer is None:
                raise
            notes.append(f"{name} failed: {str(error).splitlines()[-1]}")
            continue
        one.house.keep()
        loaded.append(one)
    return found, loaded
