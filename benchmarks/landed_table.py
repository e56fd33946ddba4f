"""A table whose files land, as every contender is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LandedTable:
    """A landing directory, and how its rows become one for each key.

    Args:
        name: of the landing directory, and of the bronze and silver tables.
        format: of the files; CSV has a header.
        columns: to their types, spelled so that Spark and DuckDB both take them.
        keys: the columns that identify a row.
        sequence: the column that orders the states of one key; the highest wins.
    """

    name: str
    format: Literal["csv", "json", "parquet"]
    columns: Mapping[str, str]
    keys: tuple[str, ...]
    sequence: str

    @property
    def ddl(self) -> str:
        """The columns as Spark wants a schema."""
        return ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
