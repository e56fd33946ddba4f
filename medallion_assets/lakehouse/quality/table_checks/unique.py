"""No two rows with the same key, looked for among the keys that changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.failing_rows import EXAMPLES, FailingRow
from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict

_CHANGED = "_changed_"


@dataclass(frozen=True)
class Unique(TableCheck):
    """The values of some columns together are in one row only.

    Keys of rows that changed since the last look are counted in the whole table, other keys are
    not; two nulls count as the same.

    Args:
        columns: their names.
    """

    asks: ClassVar[Asks] = Asks.AFTER_A_COMMIT

    columns: tuple[str, ...]

    def __post_init__(self) -> None:
        given: object = self.columns
        if not isinstance(given, tuple) or not given:
            raise DeclarationError(f'Unique({given!r}): give a tuple of names, such as ("id",).')
        super().__post_init__()

    def default_name(self) -> str:
        """`unique_<columns>`."""
        return f"unique_{'_'.join(self.columns)}"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"One row for each {', '.join(self.columns)}, of the keys that changed."

    def verdict(self, looked: Looked) -> Verdict:
        """Count the rows of the changed keys."""
        from pyspark.sql import functions as F

        names = {name: f"{_CHANGED}{name}" for name in self.columns}
        keys = looked.changed().select(*self.columns).distinct().withColumnsRenamed(names)
        stored = looked.stored().select(*self.columns)
        same = F.lit(True)
        for name in self.columns:
            same = same & stored[name].eqNullSafe(keys[names[name]])
        counted = stored.join(keys, same, "left_semi").groupBy(*self.columns).count()
        doubled = F.col("count") > 1
        shown = F.to_json(F.struct(*self.columns, F.col("count").alias("rows")))
        found = counted.agg(
            F.count(F.lit(1)).alias("keys"),
            F.count_if(doubled).alias("doubled"),
            F.slice(F.array_sort(F.collect_list(F.when(doubled, shown))), 1, EXAMPLES).alias("few"),
        ).collect()[0]
        return Verdict(
            passed=not found["doubled"],
            numbers={"keys_judged": found["keys"], "keys_with_several_rows": found["doubled"]},
            examples=()
            if looked.personal
            else tuple(FailingRow("", example) for example in found["few"]),
        )
