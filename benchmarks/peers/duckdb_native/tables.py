"""Several tables in DuckDB's own file, and gold over them, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb

from benchmarks.landed_table import LandedTable
from benchmarks.peers.duckdb_native import FILE
from benchmarks.programs.stopwatch import Stopwatch, parser

_READERS = {
    "csv": "read_csv($files, filename = true, header = true, columns = {columns})",
    "json": "read_json($files, filename = true, format = 'newline_delimited', columns = {columns})",
    "parquet": "read_parquet($files, filename = true)",
}


def run(description: str | None, tables: Sequence[LandedTable], gold: str) -> None:
    """Run the three steps and commit them together.

    Args:
        description: of the program.
        tables: what lands.
        gold: the statement that makes the gold table anew from `silver_<table>`.
    """
    watch = Stopwatch.of(parser(description).parse_args())
    lake, landing = Path(os.environ["MEDALLION_LAKE"]), Path(os.environ["MEDALLION_LANDING"])
    lake.mkdir(parents=True, exist_ok=True)
    watch.lap("imports")
    with duckdb.connect(str(lake / FILE)) as database:
        database.execute("create table if not exists files (path varchar primary key)")
        database.begin()
        loaded = {path for (path,) in database.execute("from files").fetchall()}
        found = [(table, _new_files(table, landing, loaded)) for table in tables]
        new = [(table, files) for table, files in found if files]
        for table, files in new:
            _bronze(database, table, files)
        watch.lap("bronze")
        for table, _ in new:
            _silver(database, table)
        watch.lap("silver")
        if new:
            database.execute(gold)
        database.commit()
    watch.lap("gold")
    watch.tell()


def _new_files(table: LandedTable, landing: Path, loaded: set[str]) -> list[str]:
    landed = {str(file) for file in (landing / table.name).glob(f"*.{table.format}")}
    return sorted(landed - loaded)


def _bronze(database: duckdb.DuckDBPyConnection, table: LandedTable, files: list[str]) -> None:
    given = {"files": files}
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in table.columns.items())
    reader = _READERS[table.format].replace("{columns}", f"{{{columns}}}")
    database.execute(f"create temp table new_{table.name} as from {reader}", given)
    database.execute(
        f"create table if not exists bronze_{table.name} as from new_{table.name} limit 0"
    )
    database.execute(f"insert into bronze_{table.name} from new_{table.name}")
    database.execute("insert into files select unnest($files)", given)


def _silver(database: duckdb.DuckDBPyConnection, table: LandedTable) -> None:
    name, keys, sequence = f"silver_{table.name}", ", ".join(table.keys), table.sequence
    others = [column for column in table.columns if column not in table.keys]
    database.execute(f"create table if not exists {name} ({table.ddl}, primary key ({keys}))")
    database.execute(
        f"""
        insert into {name}
        select {", ".join(table.columns)} from new_{table.name}
        qualify row_number() over (partition by {keys} order by {sequence} desc) = 1
        on conflict ({keys}) do {_update(name, others, sequence)}
        """
    )


def _update(name: str, others: Sequence[str], sequence: str) -> str:
    if sequence not in others:
        # The sequence is part of the key: what comes again is the same row.
        return "nothing"
    changes = ", ".join(f"{column} = excluded.{column}" for column in others)
    return f"update set {changes} where excluded.{sequence} > {name}.{sequence}"
