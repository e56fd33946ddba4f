"""Write and read Delta tables without Spark, so that what a test gives and sees is not Spark's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory, Table

Row = dict[str, Any]


def raw(name: str) -> BronzeTable:
    """A bronze table that a test fills with `append`, as if its files had been taken already."""
    return BronzeTable(name=name, source=LandingDirectory(name=name, format="json"))


def append(
    path: Path, rows: Sequence[Mapping[str, Any]], fields: Mapping[str, pa.DataType]
) -> None:
    """Append rows in one commit; columns the table lacks are added to it."""
    table = pa.Table.from_pylist([dict(row) for row in rows], schema=pa.schema(fields.items()))
    exists = (path / "_delta_log").is_dir()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_deltalake(path, table, mode="append", schema_mode="merge" if exists else None)


def rows(path: Path, *columns: str) -> list[Row]:
    """All rows, or some of their columns."""
    table = DeltaTable(path).to_pyarrow_table(columns=list(columns) or None)
    return list(table.to_pylist())


def in_order(found: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Rows in an order that their content alone gives, to compare them as a bag."""
    return sorted((dict(row) for row in found), key=lambda row: repr(sorted(row.items())))


def run(
    table: Table, lake: Lake, session: Callable[[], Any] = start_spark, **options: Any
) -> Materialization:
    """Materialize the table with the session of the suite."""
    return materialize(table, lake, session, **options)


def no_session() -> Any:
    """A session for runs that must not start one."""
    raise AssertionError("a session was started although nothing is new")


def commits(lake: Lake, table: Table) -> int:
    """The table's version, -1 where there is no table."""
    version = lake.log(table).version()
    return -1 if version is None else version.version
