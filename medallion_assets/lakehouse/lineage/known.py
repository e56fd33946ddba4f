"""The lineage of a table, from its plan and its declaration, and where the two differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage.landing import fields_of_landing
from medallion_assets.lakehouse.lineage.noted import Noted, noted
from medallion_assets.lakehouse.lineage.origin import How, Origin
from medallion_assets.lakehouse.tables import BronzeTable, Table


@dataclass(frozen=True, order=True)
class Difference:
    """A column of which declaration and plan say different things.

    Attributes:
        column: the table's column.
        declared: the origins that are declared, as `<layer>.<name>.<column>`.
        read: those the plan reads; () where the table has no such column.
    """

    column: str
    declared: tuple[str, ...]
    read: tuple[str, ...]


@dataclass(frozen=True)
class TableLineage:
    """What is known of a table's lineage.

    Attributes:
        columns: column to its origins, direct ones first.
        rows: what decides which rows there are.
        declared: the columns whose origins the declaration alone gives.
        from_plan: whether a plan was read; always for bronze, which has none.
        differences: where declaration and plan differ.
        undeclared: what the plan reads besides the declared upstream tables.
    """

    columns: Mapping[str, tuple[Origin, ...]]
    rows: tuple[Origin, ...] = ()
    declared: frozenset[str] = frozenset()
    from_plan: bool = True
    differences: tuple[Difference, ...] = ()
    undeclared: tuple[str, ...] = ()

    @property
    def pairs(self) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Column to pairs of upstream table and its column; empty where nothing is known.

        Of a column that no value of a source gets into, such as `count(*)`: those that decide it.
        """
        return {
            name: tuple(dict.fromkeys((one.table, one.column) for one in _told(origins)))
            for name, origins in self.columns.items()
        }


def table_lineage(lake: Lake, table: Table) -> TableLineage:
    """The lineage of a table: what its last run's plan said, else what is declared.

    A bronze column comes from the field of the same name in its landing directory, which goes by
    `landing.<name>`; of a COPY INTO statement with a SELECT list, from the fields this names.
    """
    declared = _declared(table)
    if not isinstance(table, BronzeTable):
        return known_lineage(noted(lake, table), declared)
    columns = [column.name for column in lake.log(table).columns()]
    by_name = fields_of_landing(table, columns)
    # A name is no plan: what is declared counts more.
    unnamed = {name: () for name in declared if name in by_name}
    return known_lineage(Noted({**by_name, **unnamed}) if columns else None, declared)


def _told(origins: tuple[Origin, ...]) -> tuple[Origin, ...]:
    """The direct origins; where there are none, the others."""
    return tuple(one for one in origins if one.how.is_direct) or origins


def known_lineage(found: Noted | None, declared: Mapping[str, tuple[Origin, ...]]) -> TableLineage:
    """Put together what a plan said and what is declared.

    Args:
        found: what the plan said; None where there was none to read.
        declared: column to its declared origins; used where the plan has no direct one.
    """
    read = found.columns if found is not None else {}
    hidden = {
        name: origins
        for name, origins in declared.items()
        if not any(one.how.is_direct for one in read.get(name, ()))
        and (name in read or found is None)
    }
    # What the plan knows to decide such a column is true all the same.
    columns = {**read, **{name: (*given, *read.get(name, ())) for name, given in hidden.items()}}
    return TableLineage(
        columns=columns,
        rows=found.rows if found is not None else (),
        declared=frozenset(hidden),
        from_plan=found is not None,
        differences=_differences(read, declared) if found is not None else (),
        undeclared=found.undeclared if found is not None else (),
    )


def _differences(
    read: Mapping[str, tuple[Origin, ...]], declared: Mapping[str, tuple[Origin, ...]]
) -> tuple[Difference, ...]:
    """Every direct origin has to be declared; those that decide the column may be."""
    differences = []
    for name, given in declared.items():
        origins = read.get(name, ())
        direct = {one.full_name for one in origins if one.how.is_direct}
        said = {one.full_name for one in given}
        allowed = {one.full_name for one in origins}
        agree = not direct or direct <= said <= allowed
        if name not in read or not agree:
            differences.append(Difference(name, tuple(sorted(said)), tuple(sorted(direct))))
    return tuple(sorted(differences))


def _declared(table: Table) -> dict[str, tuple[Origin, ...]]:
    return {
        name: tuple(_origin(spelled) for spelled in origins)
        for name, origins in table.column_lineage.items()
    }


def _origin(spelled: str) -> Origin:
    layer, name, column = spelled.split(".", 2)
    return Origin(f"{layer}.{name}", column, How.DIRECT)
