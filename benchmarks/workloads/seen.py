"""Lakes that have seen many files: the same rows in few files or in many."""

from __future__ import annotations

from functools import partial

from benchmarks.bench import Bench, Variant
from benchmarks.house import House
from benchmarks.orders import Orders


def seen(bench: Bench, files: int, program: str, arguments: tuple[str, ...] = ()) -> House:
    """A lake that a program has filled from so many files."""
    name = "-".join(["seen-by", program, *(argument.strip("-") for argument in arguments)])
    return bench.filled(name, Orders(bench.sizes.seen_rows), files, program, arguments)


def increment(
    bench: Bench, name: str, house: House, program: str, arguments: tuple[str, ...] = ()
) -> Variant:
    """The increment: the lake as it was, and new files beside those seen."""
    return Variant(name, house, program, arguments, partial(land_new, bench, house))


def land_new(bench: Bench, house: House, *, elsewhere: bool = False) -> None:
    """Put the lake back, to another path where it is told so, and land the new files."""
    house.restore(elsewhere=elsewhere)
    sizes = bench.sizes
    Orders(sizes.seen_rows).land_increment(house.landing, sizes.new_files, sizes.rows_per_file)
