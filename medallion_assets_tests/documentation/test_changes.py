"""The scripts of `docs/changes.md` run as they are printed, in a clean directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
    first, stream, declared, snapshots = blocks("docs/changes.md", "python")
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
