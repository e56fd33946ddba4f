"""What a gold table holds, whoever computed it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.house import House
from benchmarks.peers.duckdb_native import FILE

Groups = Mapping[tuple[object, ...], tuple[object, ...]]
"""Group to its values."""


@dataclass(frozen=True)
class GoldColumns:
    """A gold table's columns, by which it is read from Delta and from DuckDB alike.

    Args:
        name: of the table.
        group: the columns of the group.
        values: the others.
    """

    name: str
    group: tuple[str, ...]
    values: tuple[str, ...]

    def delta(self, house: House) -> Groups:
        """What is in the Delta table of a house's lake."""
        from deltalake import DeltaTable

        path = house.lake.root / "gold" / self.name
        return self._groups(DeltaTable(path).to_pyarrow_table().to_pylist())

    def duckdb(self, house: House) -> Groups:
        """What is in the DuckDB file of a house's lake."""
        import duckdb

        with duckdb.connect(str(house.lake.root / FILE), read_only=True) as database:
            rows = database.execute(f"from gold_{self.name}")
            columns = [column[0] for column in rows.description or ()]
            return self._groups(dict(zip(columns, row, strict=True)) for row in rows.fetchall())

    def _groups(self, rows: Iterable[Mapping[str, Any]]) -> Groups:
        return {
            tuple(row[name] for name in self.group): tuple(row[name] for name in self.values)
            for row in rows
        }
