"""What every workload has at hand: sizes, scratch directories, runs turn about."""

from __future__ import annotations

import hashlib
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from benchmarks.errors import BenchmarkError
from benchmarks.goals import Finding
from benchmarks.house import PROJECT, House
from benchmarks.orders import Orders
from benchmarks.process_tree import measure
from benchmarks.samples import Measured, Sample
from benchmarks.sizes import Sizes
from benchmarks.surroundings import OURS, Surroundings


@dataclass(frozen=True)
class Variant:
    """One of several programs that are measured turn about.

    Args:
        name: as the tables call it.
        house: where it works.
        program: of `benchmarks.programs`.
        arguments: of the program.
        prepare: called before every run, and not measured.
        surroundings: what the program runs in.
    """

    name: str
    house: House
    program: str
    arguments: tuple[str, ...] = ()
    prepare: Callable[[], None] = lambda: None
    surroundings: Surroundings = OURS

    def run(self) -> Sample:
        """Prepare, and measure one run."""
        self.prepare()
        return measure(self.house, self.program, self.arguments, self.surroundings)


@dataclass(frozen=True)
class Outcome:
    """What a workload found.

    Attributes:
        findings: the numbers, with their goals.
        measured: the runs they come from.
        notes: what could not be measured, and why.
    """

    findings: tuple[Finding, ...]
    measured: tuple[Measured, ...]
    notes: tuple[str, ...] = ()


class Workload(Protocol):
    """One file of `benchmarks.workloads`."""

    @property
    def name(self) -> str:
        """As `--only` calls it."""
        ...

    def run(self, bench: Bench) -> Outcome:
        """Measure."""
        ...


@dataclass(frozen=True)
class Bench:
    """The runner's means.

    Args:
        scratch: the directory below which everything is.
        sizes: of the workloads.
    """

    scratch: Path
    sizes: Sizes

    def say(self, line: str) -> None:
        """Tell how far it is."""
        print(line, file=sys.stderr, flush=True)

    def house(self, name: str) -> House:
        """A house of this name; what an earlier run left in it is gone."""
        root = self.scratch / name
        shutil.rmtree(root, ignore_errors=True)
        return House.at(root)

    def filled(
        self, name: str, orders: Orders, files: int, program: str, arguments: Sequence[str] = ()
    ) -> House:
        """A house in which a first load was really run, and kept to come back to.

        It is taken from an earlier run of the benchmarks where the engine and these programs are
        still the same.
        """
        house = House.at(self.scratch / f"{name}-{orders.count}-in-{files}")
        self.kept(house, partial(self._landed, house, orders, files), program, arguments)
        return house

    def kept(
        self, house: House, landed: Callable[[], None], program: str, arguments: Sequence[str]
    ) -> None:
        """Fill a house, and keep it to come back to; one that is filled already stays.

        Args:
            house: to fill.
            landed: makes sure of the files.
            program: of `benchmarks.programs`, which fills it from the files.
            arguments: of the program.
        """
        mark, wanted = house.root / "filled-by", _fingerprint(program, *arguments)
        if mark.is_file() and mark.read_text() == wanted:
            return
        landed()
        self.say(f"  filling {house.root.name} (once)")
        house.empty()
        house.take_new_away()
        sample = measure(house, program, arguments)
        self.say(f"  filled in {sample.wall_seconds:.0f} s")
        house.keep()
        mark.write_text(wanted)

    def landing(self, name: str, orders: Orders, files: int) -> Path:
        """A landing directory that several houses read."""
        return self.landed(name, orders, files).landing_root

    def landed(self, name: str, orders: Orders, files: int) -> House:
        """A house in which the files have landed; a lake that is in it stays."""
        house = House.at(self.scratch / f"{name}-{orders.count}-in-{files}")
        self._landed(house, orders, files)
        return house

    def turn_about(
        self, variants: Sequence[Variant], runs: int | None = None
    ) -> dict[str, Measured]:
        """Run the variants one after the other, again and again: A B A B.

        Args:
            variants: what is compared.
            runs: of each; the sizes' where it is None.
        """
        samples: dict[str, list[Sample]] = {variant.name: [] for variant in variants}
        for number in range(self.sizes.runs if runs is None else runs):
            for variant in variants:
                sample = variant.run()
                samples[variant.name].append(sample)
                parts = ", ".join(f"{name} {value:.1f}" for name, value in sample.parts.items())
                self.say(f"  {number + 1}. {variant.name}: {sample.wall_seconds:.1f} s ({parts})")
        return {name: Measured(name, tuple(taken)) for name, taken in samples.items()}

    def _landed(self, house: House, orders: Orders, files: int) -> None:
        mark = house.root / "landed"
        wanted = _fingerprint_of([PROJECT / "benchmarks" / "orders.py"])
        if mark.is_file() and mark.read_text() == wanted:
            return
        shutil.rmtree(house.root, ignore_errors=True)
        self.say(f"  landing {orders.count:,} orders in {files:,} files (once)")
        orders.land_first(house.landing, files)
        mark.write_text(wanted)


def same_gold(*houses: House) -> None:
    """Check that the houses came to the same gold table.

    Raises:
        BenchmarkError: they did not, so they did not do the same work.
    """
    expected = houses[0].gold()
    for house in houses[1:]:
        found = house.gold()
        if found != expected:
            groups = expected.keys() | found.keys()
            differing = [group for group in groups if expected.get(group) != found.get(group)]
            raise BenchmarkError(
                f"{house.root} and {houses[0].root} differ in {len(differing)} of {len(groups)} "
                f"groups, such as {differing[0]}"
            )


def _fingerprint(*arguments: str) -> str:
    engine = PROJECT / "medallion_assets" / "lakehouse"
    ours = PROJECT / "benchmarks"
    files = [
        *engine.rglob("*.py"),
        *(ours / "programs").glob("*.py"),
        *(ours / name for name in ("orders.py", "lakehouse.py")),
    ]
    return " ".join([*arguments, _fingerprint_of(files)])


def _fingerprint_of(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()
