"""All declarations together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.tables.bronze_table import BronzeTable
from medallion_assets.lakehouse.tables.silver_table import SilverTable
from medallion_assets.lakehouse.tables.table import Layer, Table


@dataclass(frozen=True)
class Lakehouse:
    """All declarations, in an order in which every table stands after what it reads."""

    tables: tuple[Table, ...]

    def __post_init__(self) -> None:
        names = [table.full_name for table in self.tables]
        names += [
            f"silver.{name}"
            for table in self.tables
            if isinstance(table, SilverTable)
            for name in table.side_tables
        ]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise DeclarationError(f"Declared twice: {', '.join(doubled)}. Rename one of each.")
        sources = [table.source.name for table in self.tables if isinstance(table, BronzeTable)]
        shared = sorted({name for name in sources if sources.count(name) > 1})
        if shared:
            raise DeclarationError(
                f"Sources with two bronze tables: {', '.join(shared)}. "
                "One stream reads a source; derive the second table from the first."
            )
        for table in self.tables:
            _check_data_subject(table)

    @classmethod
    def from_modules(cls, *modules: ModuleType) -> Lakehouse:
        """Collect every table that is a module-level name, and what those tables read."""
        declared = [
            value
            for module in modules
            for value in vars(module).values()
            if isinstance(value, Table)
        ]
        return cls.from_tables(declared)

    @classmethod
    def from_tables(cls, tables: Iterable[Table]) -> Lakehouse:
        """Order the tables, and what they read, by dependency."""
        declared = list(tables)
        ordered: dict[int, Table] = {}

        def visit(table: Table) -> None:
            if id(table) not in ordered:
                for upstream in table.upstream:
                    visit(upstream)
                ordered[id(table)] = table

        for layer in Layer:
            for table in declared:
                if table.layer is layer:
                    visit(table)
        return cls(tuple(ordered.values()))

    def table(self, full_name: str) -> Table:
        """The table called `<layer>.<name>`.

        Raises:
            DeclarationError: there is none; the message lists those there are.
        """
        for table in self.tables:
            if table.full_name == full_name:
                return table
        known = ", ".join(table.full_name for table in self.tables)
        raise DeclarationError(f"There is no table {full_name!r}. Declared are: {known}.")

    def downstream(self, table: Table) -> tuple[Table, ...]:
        """The table and everything that directly or indirectly reads it, in order."""
        reached = {table.full_name}
        for candidate in self.tables:
            if any(upstream.full_name in reached for upstream in candidate.upstream):
                reached.add(candidate.full_name)
        return tuple(candidate for candidate in self.tables if candidate.full_name in reached)


def _check_data_subject(table: Table) -> None:
    """Refuse a table where people would stay who are erased in others, or the other way round."""
    # Gold needs no word: it is computed anew from what is left.
    streams = table.streams.values() if isinstance(table, SilverTable) else ()
    for stream in streams if table.data_subject is None else ():
        if stream.data_subject:
            raise DeclarationError(
                f"{table.full_name} streams {stream.full_name}, whose rows are people's (by "
                f"{', '.join(stream.data_subject)}). Say with data_subject whose its own rows are, "
                "so that they can be erased; data_subject={} where they are nobody's."
            )
    for name in table.data_subject or ():
        if table.upstream and not any(above.identifying(name) for above in table.upstream):
            raise DeclarationError(
                f"{table.full_name} has {name!r} as its data_subject, and none of the tables it is "
                f"made of has ({', '.join(above.full_name for above in table.upstream)}): who is "
                "erased here would stay there. Declare it there too."
            )
