"""All that are compared, in the order of the table."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.house import Gold, House, gold_of, read_gold
from benchmarks.peers.contender import Contender
from benchmarks.peers.declarative_pipelines.project import (
    project_directory,
    write_project,
    write_tuned_project,
)
from benchmarks.programs.quick_jvm import QUICK
from medallion_assets.lakehouse.session.settings import usable_cores


def _declarative_arguments(house: House) -> tuple[str, ...]:
    return ("--project", str(project_directory(house)), "--remote", f"local[{usable_cores()}]")


def _declarative_gold(house: House) -> Gold:
    return read_gold(house.lake.root / "warehouse" / "gold_revenue")


def _duckdb_gold(house: House) -> Gold:
    import duckdb

    with duckdb.connect(str(house.lake.root / "orders.duckdb"), read_only=True) as database:
        rows = database.execute("from revenue")
        columns = [column[0] for column in rows.description or ()]
        return gold_of(dict(zip(columns, row, strict=True)) for row in rows.fetchall())


OURS = Contender(
    "this project, a new Dagster run",
    "ours",
    "dagster_run",
    environment={"MEDALLION_ENGINE": "off"},
)
OURS_WARM = Contender(
    "this project, a new Dagster run, warm engine", "ours-engine", "dagster_run",
    environment={"MEDALLION_ENGINE": "on"}, keeps_engine=True,
)  # fmt: skip
BARE = Contender("bare Spark, a new process", "bare", "bare_run", arguments=lambda _: (QUICK,))
DECLARATIVE = Contender(
    "Spark Declarative Pipelines", "declarative-pipelines", peer="declarative_pipelines",
    arguments=_declarative_arguments, furnish=write_project,
    rewritten=("warehouse/silver_orders", "warehouse/gold_revenue"), read_gold=_declarative_gold,
)  # fmt: skip
DECLARATIVE_TUNED = replace(
    DECLARATIVE,
    name="Spark Declarative Pipelines, tuned",
    house="declarative-pipelines-tuned",
    furnish=write_tuned_project,
)
DLT = Contender("dlt, then Polars", "dlt-polars", peer="dlt_polars")
POLARS = Contender("Polars and delta-rs", "polars-deltalake", peer="polars_deltalake")
DUCKDB = Contender(
    "DuckDB, its own file", "duckdb", peer="duckdb_native", rewritten=(), read_gold=_duckdb_gold
)

CONTENDERS = (OURS, OURS_WARM, BARE, DECLARATIVE, DECLARATIVE_TUNED, DLT, POLARS, DUCKDB)
"""What is a new process each time; the warm session is `benchmarks.programs.warm_run`."""

OURS_IN_SESSION = "this project's engine, a warm session"
BARE_IN_SESSION = "bare Spark, a warm session"
