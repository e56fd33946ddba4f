"""A total of this table is that of the table it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict

if TYPE_CHECKING:
    from medallion_assets.lakehouse.tables.silver_table import SilverTable

_TOLERANCE = 1e-9
"""Sums of doubles depend on the order of their rows; those of decimals and integers don't."""


@dataclass(frozen=True)
class SameTotal(TableCheck):
    """An aggregate over this table equals one over another, both over all rows.

    What was computed group by group is so compared with what a single query says.

    Args:
        total: a SQL aggregate over this table, such as `sum(revenue)`.
        table: the other table.
        other_total: the aggregate over it, such as
            `sum(amount) filter (where status <> 'cancelled')`.
    """

    asks: ClassVar[Asks] = Asks.AFTER_A_COMMIT

    total: str
    table: SilverTable
    other_total: str

    def default_name(self) -> str:
        """`same_total_as_<table>`."""
        return f"same_total_as_{self.table.name}"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"`{self.total}` is `{self.other_total}` of `{self.table.full_name}`."

    def verdict(self, looked: Looked) -> Verdict:
        """Compute both."""
        other = looked.session().read.format("delta").load(str(looked.path_of(self.table)))
        here = looked.stored().selectExpr(f"{self.total} as total").collect()[0]["total"]
        there = other.selectExpr(f"{self.other_total} as total").collect()[0]["total"]
        return Verdict(
            passed=_same(here, there),
            numbers={"total": _shown(here), f"total_of_{self.table.name}": _shown(there)},
        )


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        # The sum of no rows is null, that of nothing but zeros is not.
        return not one and not other
    if isinstance(one, float) or isinstance(other, float):
        return math.isclose(one, other, rel_tol=_TOLERANCE)
    return bool(one == other)


def _shown(value: Any) -> int | float | str:
    return str(value) if value is None or isinstance(value, Decimal) else value
