"""Every row finds the one it refers to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.failing_rows import failing_rows
from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict

if TYPE_CHECKING:
    from medallion_assets.lakehouse.tables.silver_table import SilverTable

_KEY = "_referenced_key"


@dataclass(frozen=True)
class References(TableCheck):
    """What a column names is in another table; null names nothing.

    Rows that changed since the last look are judged, by what the other table has now: one that
    comes later makes no earlier verdict right, and is not waited for.

    Args:
        column: of this table.
        table: the other one, merged by one key.
        above: the share of rows, 0 to 1, that may name something that is not there.
    """

    asks: ClassVar[Asks] = Asks.AFTER_A_COMMIT

    column: str
    table: SilverTable
    above: float = 0.0

    def __post_init__(self) -> None:
        if len(self.table.keys) != 1:
            raise DeclarationError(
                f"A reference to {self.table.full_name} needs its one key; it has "
                f"{self.table.keys or 'none'}."
            )
        super().__post_init__()

    def default_name(self) -> str:
        """`<column>_in_<table>`."""
        return f"{self.column}_in_{self.table.name}"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"What `{self.column}` names is in `{self.table.full_name}`."

    def verdict(self, looked: Looked) -> Verdict:
        """Count the changed rows whose column names nothing there."""
        from pyspark.sql import functions as F

        rows = looked.changed().where(F.col(f"`{self.column}`").isNotNull())
        other = looked.path_of(self.table)
        there = looked.session().read.format("delta").load(str(other))
        keys = there.select(F.col(self.table.keys[0]).alias(_KEY))
        found = rows.join(keys, rows[self.column] == keys[_KEY], "left").persist()
        try:
            orphan = F.col(_KEY).isNull()
            counts = found.agg(
                F.count(F.lit(1)).alias("rows"), F.count_if(orphan).alias("orphans")
            ).collect()[0]
            broken = [(self.name, orphan)] if counts["orphans"] else []
            examples = failing_rows(found, broken, personal=looked.personal)
        finally:
            found.unpersist()
        share = counts["orphans"] / counts["rows"] if counts["rows"] else 0.0
        return Verdict(
            passed=share <= self.above,
            numbers={
                "rows_judged": counts["rows"],
                "rows_that_find_nothing": counts["orphans"],
                "failed_share": round(share, 4),
            },
            examples=examples.get(self.name, ()),
        )
