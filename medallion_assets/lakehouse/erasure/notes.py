"""What an erasure can't judge, said to the one who asked for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from medallion_assets.lakehouse.erasure.found import Found
from medallion_assets.lakehouse.erasure.stores import Kind, Store
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    Lakehouse,
    SilverTable,
    Table,
)


def notes(
    lakehouse: Lakehouse, names: Sequence[str], found: Mapping[Store, Found]
) -> tuple[str, ...]:
    """A sentence for each thing that was not looked into.

    Args:
        lakehouse: all declarations.
        names: what the people go by.
        found: what was found in each store.
    """
    said = [
        f"{store.name}: {seen.unreadable:,} rows do not say whose they are, and have raw text. "
        "Look at them, or erase them too with --unreadable."
        for store, seen in found.items()
        if seen.unreadable
    ]
    said += [
        f"{store.name} is read from the topics {store.table.source.topics}, which keep events as "
        "long as they are set to: not looked into."
        for store in found
        if isinstance(store.table, BronzeTable) and isinstance(store.table.source, KafkaTopics)
    ]
    for table in lakehouse.tables:
        said += [
            f"{table.full_name} has no column for {sql}: not looked into."
            for sql in _nowhere({s: seen for s, seen in found.items() if s.table is table}, table)
        ]
        if table.is_personal and not any(table.identifying(name) for name in names):
            by = ", ".join(table.data_subject or ()) or "nothing that is declared"
            said.append(f"{table.full_name} is personal, and goes by {by}: not looked into.")
    return tuple(said)


def _awaited(table: Table) -> set[Kind]:
    """The side tables that have columns of their own: those with `_`, or a late row's text."""
    if not isinstance(table, SilverTable):
        return set()
    quarantine = {Kind.QUARANTINE} if table.has_quarantine else set()
    return quarantine | ({Kind.LATE} if table.watermarks else set())


def _nowhere(found: Mapping[Store, Found], table: Table) -> tuple[str, ...]:
    """Declared expressions that none of a table's stores has the columns for."""
    kinds = {store.kind for store in found}
    if not found or _awaited(table) - kinds:
        # Some columns are in a side table alone, which comes with its first row.
        return ()
    first, *others = (seen.absent for seen in found.values())
    return tuple(sql for sql in first if all(sql in absent for absent in others))
