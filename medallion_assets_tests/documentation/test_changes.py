"""The scripts of `docs/changes.md` run as they are printed, in a clean directory."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from development.services import Services
from development.services.shop import furnish
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.delta_rows import rows, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

TABLES = ("people_type_1", "people_type_2", "accounts", "towns")


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: SparkSession) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    for table in TABLES:
        spark.sql(f"DROP TABLE IF EXISTS {table}")
    return tmp_path


def held(spark: SparkSession, table: str) -> list[tuple[Any, ...]]:
    return sorted(map(tuple, spark.table(table).collect()))


def test_the_scripts_of_the_page(directory: Path, spark: SparkSession) -> None:
    lake = Lake(directory / "lake", directory / "landed")
    first, stream, declared, _, snapshots = blocks("docs/changes.md", "python")
    names: dict[str, Any] = {}
    exec(first, names)
    assert held(spark, "people_type_1") == [(1, "Ann", "Kiel")]
    assert held(spark, "people_type_2") == [
        (1, "Ann", "Kiel", 4, None), (1, "Ann", "Ulm", 1, 4), (2, "Bob", "Bonn", 2, 3),
    ]  # fmt: skip
    (directory / "landing/accounts").mkdir(parents=True)
    two = [{"id": 1, "balance": 3 + 2 * n, "op": "U", "seq": n} for n in (1, 2)]
    landed = "".join(f"{json.dumps(change)}\n" for change in two)
    (directory / "landing/accounts/1.json").write_text(landed)
    exec(stream, names)
    assert held(spark, "accounts") == [(7, 1)]
    exec(declared, names)
    events = [
        {"op": "c", "before": None, "after": {"id": 1, "balance": 5}, "ts_ms": 1},
        {"op": "d", "before": {"id": 1, "balance": 5}, "after": None, "ts_ms": 3},
    ]
    (lake.landing / "accounts").mkdir(parents=True)
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    (lake.landing / "accounts/1.json").write_text(lines)
    run(names["accounts"], lake)
    assert run(names["accounts_history"], lake).rows.conserved
    (row,) = rows(lake.path(names["accounts_history"]))
    assert row == {"balance": 5, "id": 1, "__START_AT": 1, "__END_AT": 3}
    exec(snapshots, names)
    assert held(spark, "towns") == [(1, "Kiel", 2, None), (1, "Ulm", 1, 2), (2, "Bonn", 1, 2)]


@pytest.mark.process
def test_from_postgresql(
    services: Services, lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.start()
    furnish(services)
    # `make services` is run by the tests of docs/services.md.
    make, export, *statements = blocks("docs/changes.md", "sh")[0].splitlines()
    assert make == "make services"
    variable, _ = export.removeprefix("export ").split("=")
    monkeypatch.setenv(variable, services.broker.bootstrap_servers)
    for statement in statements:
        command = statement.replace(":15432", f":{services.ports.database}")
        subprocess.run(["bash", "-ec", command], check=True, env={**os.environ, "PGOPTIONS": ""})
    *_, declared, database, _ = blocks("docs/changes.md", "python")
    names: dict[str, Any] = {}
    exec(declared, names)
    exec(database, names)
    until = time.monotonic() + 60
    versions: list[tuple[Any, ...]] = []
    while len(versions) < 2 and time.monotonic() < until:
        for name in ("clients", "current", "history"):
            run(names[name], lake)
        if lake.log(names["history"]).exists():
            held_there = rows(lake.path(names["history"]), "name", "country", "__END_AT")
            versions = [tuple(row.values()) for row in held_there]
        time.sleep(0.2)
    assert sorted((name, country, ended is None) for name, country, ended in versions) == [
        ("Ann", "DE", False), ("Ann", "FR", True),
    ]  # fmt: skip
    assert rows(lake.path(names["current"]), "customer_id", "country") == [
        {"customer_id": 1, "country": "FR"}
    ]
