"""`docs/new-table.md` is run as it stands: its text is the test."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse import tables
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets.shop import bronze, gold, silver
from medallion_assets_tests.documentation.pages import blocks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PAGE = "docs/new-table.md"


def documented() -> Lakehouse:
    """The shop with the page's declarations added to its modules."""
    edited: dict[str, ModuleType] = {}
    for module, text in zip((bronze, silver, gold), blocks(_PAGE, "python"), strict=True):
        layer = module.__name__.rsplit(".", 1)[-1]
        copy = ModuleType(layer)
        vars(copy).update(vars(module), LandingDirectory=tables.LandingDirectory, **edited)
        exec(compile(text, f"{_PAGE} ({layer})", "exec"), vars(copy))
        edited[layer] = copy
    return Lakehouse.from_modules(*edited.values())


def test_the_page_makes_the_tables_it_promises(lake: Lake, spark: SparkSession) -> None:
    house = documented()
    (lines,) = blocks(_PAGE, "json")
    landing = lake.landing / "returns"
    landing.mkdir(parents=True)
    (landing / "1.json").write_text(lines)
    for name in ("bronze.returns", "silver.returns", "gold.returns_by_reason"):
        materialize(house.table(name), lake, lambda: spark)

    def stored(table: str, *columns: str) -> list[tuple[object, ...]]:
        frame = spark.read.format("delta").load(str(lake.root / table))
        return sorted(tuple(row) for row in frame.select(*columns).collect())

    assert stored("silver/returns", "order_id", "reason") == [(1, "too small"), (2, "too small")]
    assert stored("silver/returns_quarantine", "reason", "_broken_rules") == [
        ("no idea", ["order_named"])
    ]
    assert stored("gold/returns_by_reason", "reason", "count") == [("too small", 2)]


def test_asset_sensor_job_checks_and_quarantine_follow_from_the_page(lake: Lake) -> None:
    defs = build_definitions(documented(), lake=LakeResource.of(lake))
    repository = defs.get_repository_def()
    keys = {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys()}
    assert {
        "landing/returns",
        "bronze/returns",
        "silver/returns",
        "silver/returns_quarantine",
        "gold/returns_by_reason",
    } <= keys
    checks = {
        check.name
        for check in repository.asset_graph.asset_check_keys
        if check.asset_key == dg.AssetKey(["silver", "returns"])
    }
    assert {"order_named", "rows_conserved"} <= checks
    assert any("returns" in sensor.name for sensor in repository.sensor_defs)
    assert any("returns" in job.name for job in repository.get_all_jobs())


def test_the_silver_declaration_has_at_most_ten_lines() -> None:
    assert all(len(text.strip().splitlines()) <= 10 for text in blocks(_PAGE, "python"))
