"""A few of the rows that broke a rule, for people who look at a check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, Row

EXAMPLES = 5
"""How many rows of a rule are shown."""

ORIGIN = ("_file_path", "_topic", "_partition", "_offset")
"""The columns that say where a row came from, as bronze has them."""

_LONGEST = 500
_PLACES = 20 * EXAMPLES
"""How many rows are looked at for all rules together."""


@dataclass(frozen=True)
class FailingRow:
    """One of the rows that broke a rule.

    Attributes:
        origin: the file, or topic, partition and offset, it came from; empty where the
            transform leaves those columns out.
        row: its values as JSON; empty where the table holds rows of people, as what is shown
            stays in the event log, which nobody is erased from.
    """

    origin: str
    row: str


def failing_rows(
    rows: DataFrame, breaks: Sequence[tuple[str, Column]], *, personal: bool
) -> dict[str, tuple[FailingRow, ...]]:
    """A few rows for each condition, mostly in one job.

    Args:
        rows: where they are; they should be cached.
        breaks: a name to the condition for its rows, each of which some rows meet.
        personal: whether the values may not be shown.
    """
    if not breaks:
        return {}
    seen = _first(rows, breaks, personal=personal)
    found = {name: _of_rule(name, seen) for name, _ in breaks}
    if len(seen) == _PLACES:
        # Rows that break other rules may have taken all the places.
        for rule in [rule for rule in breaks if len(found[rule[0]]) < EXAMPLES]:
            alone = _first(rows.where(rule[1]), [rule], personal=personal)
            found[rule[0]] = _of_rule(rule[0], alone)
    return found


def _of_rule(name: str, seen: Iterable[Row]) -> tuple[FailingRow, ...]:
    of_it = [FailingRow(row["origin"], row["row"]) for row in seen if name in row["names"]]
    return tuple(of_it[:EXAMPLES])


def _first(rows: DataFrame, breaks: Sequence[tuple[str, Column]], *, personal: bool) -> list[Row]:
    """The first rows that meet any of the conditions, with the names of those they meet."""
    from pyspark.sql import functions as F

    origins = [F.col(name).cast("string") for name in ORIGIN if name in rows.columns]
    values = [name for name in rows.columns if not name.startswith("_")]
    shown = F.to_json(F.struct(*[F.col(f"`{name}`") for name in values])) if values else F.lit("")
    names = F.array_compact(F.array(*[F.when(met, F.lit(name)) for name, met in breaks]))
    # One task reads the rows until there are enough: Spark else looks at some of the partitions
    # first, and for the rest starts a second job.
    return (
        rows.where(reduce(or_, [met for _, met in breaks]))
        .coalesce(1)
        .limit(_PLACES)
        .select(
            names.alias("names"),
            F.concat_ws(" ", *origins).alias("origin") if origins else F.lit("").alias("origin"),
            (F.lit("") if personal else F.left(shown, F.lit(_LONGEST))).alias("row"),
        )
        .collect()
    )
