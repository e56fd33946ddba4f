"""One program of those that are compared: what runs it, and where its tables are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.bench import Bench, Variant
from benchmarks.delta_commits import commits_since, rewritten_bytes
from benchmarks.house import House
from benchmarks.peers.environment import Environment
from benchmarks.peers.gold import Groups
from benchmarks.process_tree import end_lasting
from benchmarks.surroundings import Surroundings

_PEERS = Path(__file__).resolve().parent


def nothing(_: House) -> None:
    """No preparation."""


@dataclass(frozen=True)
class Contender:
    """A program that brings what landed to gold.

    Args:
        name: as the tables call it.
        house: the name of its scratch directory.
        program: the module.
        peer: the folder of `benchmarks.peers` with program and lock file; None for this project's
            own environment and programs.
        environment: variables it is given.
        arguments: of the program, in a house.
        furnish: prepares a house that has no lake yet.
        keeps_engine: whether a JVM outlives its runs.
        rewritten: the tables above bronze below the lake, where they are Delta tables.
        read_gold: gives what it came to.
    """

    name: str
    house: str
    program: str = "pipeline"
    peer: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    arguments: Callable[[House], tuple[str, ...]] = lambda _: ()
    furnish: Callable[[House], object] = nothing
    keeps_engine: bool = False
    rewritten: tuple[str, ...] = ("silver/orders", "gold/revenue")
    read_gold: Callable[[House], Groups] = House.gold

    def surroundings(self, bench: Bench) -> Surroundings:
        """What it runs in; a peer's environment is made where it is not there yet.

        Raises:
            PeerUnavailableError: it can't be made.
        """
        if self.peer is None:
            return Surroundings(environment=self.environment)
        directory = bench.scratch / "environments" / self.peer
        lock = _PEERS / self.peer / "requirements.lock"
        return Surroundings(
            python=str(Environment(directory, lock).ready()),
            package=f"benchmarks.peers.{self.peer}",
            environment=self.environment,
        )

    def variant(
        self, name: str, house: House, surroundings: Surroundings, prepare: Callable[[], None]
    ) -> Variant:
        """One of the programs to be measured."""
        return Variant(name, house, self.program, self.arguments(house), prepare, surroundings)

    def first_load(self, name: str, house: House, surroundings: Surroundings) -> Variant:
        """From the landed files alone."""
        return self.variant(name, house, surroundings, partial(self._start_afresh, house))

    def rewritten_bytes(self, house: House) -> int | None:
        """What the last increment replaced; None for one whose tables are not Delta's."""
        if not self.rewritten:
            return None
        return sum(
            rewritten_bytes(commits_since(house.lake.root / table, house.kept / table))
            for table in self.rewritten
        )

    def _start_afresh(self, house: House) -> None:
        end_lasting(house)
        house.empty()
        house.take_new_away()
        self.furnish(house)
