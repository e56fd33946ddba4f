"""Asset keys: `<layer>/<table>` and `landing/<source>`, the same in every setting."""

from __future__ import annotations

import dagster as dg

from medallion_assets.lakehouse.tables import SilverTable, Source, Table

LANDING = "landing"


def table_key(table: Table) -> dg.AssetKey:
    """The key of a table's asset."""
    return dg.AssetKey([table.layer.value, table.name])


def op_name(table: Table) -> str:
    """The name of the op that writes a table, and of its step in a run."""
    return f"{table.layer.value}__{table.name}"


def quarantine_key(table: SilverTable) -> dg.AssetKey:
    """The key of the asset of a table's quarantine."""
    return dg.AssetKey([table.layer.value, table.quarantine_name])


def late_key(table: SilverTable) -> dg.AssetKey:
    """The key of the asset of the rows that came behind a table's watermark."""
    return dg.AssetKey([table.layer.value, table.late_name])


def landing_key(source: Source) -> dg.AssetKey:
    """The key of the external asset that stands for a source."""
    return dg.AssetKey([LANDING, source.name])


def key_of(full_name: str) -> dg.AssetKey:
    """The key of a table given as `<layer>.<name>`."""
    return dg.AssetKey(full_name.split(".", 1))


def produced_keys(table: Table) -> tuple[dg.AssetKey, ...]:
    """The keys one run of the table's stream writes: its own, and its side tables'."""
    beside = table.side_tables if isinstance(table, SilverTable) else ()
    return tuple(dg.AssetKey([table.layer.value, name]) for name in (table.name, *beside))
