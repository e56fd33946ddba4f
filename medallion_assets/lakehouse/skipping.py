"""Let Delta and Parquet skip what cannot match: the bounds of a few values, as a condition.

A join says nothing that a file's statistics could be held against, so that a merge of ten rows and
the aggregate of one day read their whole table. The bounds of the joined values are such a
condition: rows outside of them match none of the values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

WORTH_IT_BYTES = 32 << 20
"""The size of a table from which on asking for bounds, a small job, is worth it."""

_ORDERED = ("tinyint", "smallint", "int", "bigint", "date", "string", "timestamp", "decimal(")


@dataclass(frozen=True)
class Bounds:
    """The range of the values of one column.

    Args:
        lowest: the least of them as text, microseconds for a timestamp; None where all are null.
        highest: the greatest.
        has_null: whether some are null.
        kind: the column's type.
    """

    lowest: str | None
    highest: str | None
    has_null: bool
    kind: str

    def holds(self, column: Column) -> Column:
        """Whether a value may be one of them, by comparisons that statistics can answer."""
        null = column.isNull()
        if self.lowest is None or self.highest is None:
            return null
        within = (column >= self._literal(self.lowest)) & (column <= self._literal(self.highest))
        return within | null if self.has_null else within

    def _literal(self, said: str) -> Column:
        from pyspark.sql import functions as F

        if self.kind == "timestamp":
            return F.timestamp_micros(F.lit(int(said)))
        return F.lit(said) if self.kind == "string" else F.lit(said).cast(self.kind)


def is_worth_it(path: Path) -> bool:
    """Whether a table is large enough to have parts that can be skipped."""
    return DeltaLog(path).size_in_bytes() >= WORTH_IT_BYTES


def bounds_of(rows: DataFrame, names: Sequence[str]) -> dict[str, Bounds]:
    """The bounds of columns, in one job; columns that statistics order otherwise are left out.

    Args:
        rows: whose values; they should be cached.
        names: of the columns.
    """
    from pyspark.sql import functions as F

    kinds = {name: kind for name, kind in rows.dtypes if name in names}
    ordered = {name: kind for name, kind in kinds.items() if kind.startswith(_ORDERED)}
    if not ordered:
        return {}

    def text(found: Column, kind: str) -> Column:
        return (F.unix_micros(found) if kind == "timestamp" else found).cast("string")

    asked = []
    for name, kind in ordered.items():
        column = F.col(quoted(name))
        asked += [text(F.min(column), kind), text(F.max(column), kind)]
        asked.append(F.count_if(column.isNull()) > 0)
    said = rows.agg(*[one.alias(str(number)) for number, one in enumerate(asked)]).collect()[0]
    return {
        name: Bounds(said[3 * place], said[3 * place + 1], said[3 * place + 2], kind)
        for place, (name, kind) in enumerate(ordered.items())
    }
