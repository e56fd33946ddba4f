"""A table of aggregates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables.silver_table import SilverTable
from medallion_assets.lakehouse.tables.table import Layer, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True, kw_only=True)
class GoldTable(Table):
    """An aggregate that follows its sources: only the groups that changed are computed again.

    Args:
        sources: argument name of `query` to the silver table it gets.
        group_by: group column to the SQL expression that computes it from a source's row; a
            mapping of source name to expression where the sources differ.
        query: an ordinary batch query over the sources, each with the group columns added. It
            gets the rows of the changed groups only, so a result row may depend on nothing but
            rows of its own group. Its result has the group columns, one row a group.
    """

    sources: Mapping[str, SilverTable]
    group_by: Mapping[str, str | Mapping[str, str]]
    query: Callable[..., DataFrame]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.sources or not self.group_by:
            raise DeclarationError(f"{self.full_name} needs `sources` and `group_by`.")
        for column, expression in self.group_by.items():
            if not isinstance(expression, str) and set(expression) != set(self.sources):
                raise DeclarationError(
                    f"{self.full_name}: group column {column!r} names the sources "
                    f"{sorted(expression)}, the table has {sorted(self.sources)}."
                )
        object.__setattr__(self, "sources", MappingProxyType(dict(self.sources)))
        object.__setattr__(self, "group_by", MappingProxyType(dict(self.group_by)))

    @property
    def layer(self) -> Layer:
        """Gold."""
        return Layer.GOLD

    @property
    def upstream(self) -> tuple[Table, ...]:
        """The aggregated tables."""
        return tuple(self.sources.values())

    def group_expressions(self, source: str) -> dict[str, str]:
        """Group column to its SQL expression over the named source."""
        return {
            column: expression if isinstance(expression, str) else expression[source]
            for column, expression in self.group_by.items()
        }
