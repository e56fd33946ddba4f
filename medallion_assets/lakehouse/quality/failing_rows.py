"""A few of the rows that broke a rule, for people who look at a check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

EXAMPLES = 5
"""How many rows of a rule are shown."""

ORIGIN = ("_file_path", "_topic", "_partition", "_offset")
"""The columns that say where a row came from, as bronze has them."""

_LONGEST = 500


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
    """A few rows for each condition, in one job.

    Args:
        rows: where they are; they should be cached.
        breaks: a name to the condition for its rows.
        personal: whether the values may not be shown.
    """
    from pyspark.sql import functions as F

    if not breaks:
        return {}
    origins = [F.col(name).cast("string") for name in ORIGIN if name in rows.columns]
    values = [name for name in rows.columns if not name.startswith("_")]
    shown = F.to_json(F.struct(*[F.col(f"`{name}`") for name in values])) if values else F.lit("")
    found = [
        rows.where(condition)
        .limit(EXAMPLES)
        .select(
            F.lit(name).alias("name"),
            F.concat_ws(" ", *origins).alias("origin") if origins else F.lit("").alias("origin"),
            (F.lit("") if personal else F.left(shown, F.lit(_LONGEST))).alias("row"),
        )
        for name, condition in breaks
    ]
    collected = reduce(lambda one, other: one.unionByName(other), found).collect()
    return {
        name: tuple(
            FailingRow(row["origin"], row["row"]) for row in collected if row["name"] == name
        )
        for name, _ in breaks
    }
