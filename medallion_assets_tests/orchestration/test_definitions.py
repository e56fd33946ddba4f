from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.expectations import expect
from medallion_assets.lakehouse.tables import Lakehouse, SilverTable
from medallion_assets.orchestration import Automation, LakeResource, build_definitions
from medallion_assets.shop import lakehouse as shop
from medallion_assets_tests.orchestration import small_lakehouse as declarations
from medallion_assets_tests.orchestration.definition_surface import (
    DECLARATIVE_SURFACE,
    SURFACE,
    automation_surface,
    declarative,
    spelled,
    surface,
)

LAKE = LakeResource(root="/lake", landing="/landing")

LOAD = """
import json, sys, time
started = time.monotonic()
from medallion_assets.definitions import defs
defs.get_repository_def()
seconds = time.monotonic() - started
from pyspark import SparkContext
print(json.dumps({"seconds": seconds, "gateway": SparkContext._gateway is not None}))
"""


def small_definitions(automation: Automation = Automation.SENSORS) -> dg.Definitions:
    return build_definitions(
        declarations.small_lakehouse, lake=LAKE, declared_in=[declarations], automation=automation
    )


def test_the_surface_is_the_reviewed_one() -> None:
    from medallion_assets.definitions import defs

    assert SURFACE.read_text() == spelled(surface(defs)), (
        "The definitions show something else than before. If that is meant, write it anew with "
        "`python -m medallion_assets_tests.orchestration.definition_surface` and review the diff."
    )


def test_the_surface_under_declarative_automation_is_the_reviewed_one() -> None:
    assert DECLARATIVE_SURFACE.read_text() == spelled(automation_surface(declarative())), (
        "The conditions or sensors are others than before. If that is meant, write them anew with "
        "`python -m medallion_assets_tests.orchestration.definition_surface` and review the diff."
    )


def test_a_table_has_a_condition_and_its_side_tables_have_none() -> None:
    (conditioned,) = automation_surface(declarative())["conditions"].values()
    assert conditioned == sorted(table.full_name.replace(".", "/") for table in shop.tables)
    assert not automation_surface(small_definitions())["conditions"]


@pytest.mark.parametrize("automation", Automation)
def test_definitions_can_be_loaded_by_dagster(automation: Automation) -> None:
    dg.Definitions.validate_loadable(small_definitions(automation))


@pytest.mark.process
def test_loading_is_fast_and_starts_no_jvm() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = json.loads(done.stdout.splitlines()[-1])
    print(f"definitions loaded in {loaded['seconds']:.2f} s")
    assert not loaded["gateway"]
    assert loaded["seconds"] < 5
    assert done.stderr == ""


def test_lineage_runs_from_the_landing_directory_to_gold() -> None:
    assets = surface(small_definitions())["assets"]
    assert assets["bronze/orders"]["deps"] == ["landing/orders"]
    assert assets["silver/orders"]["deps"] == ["bronze/orders", "silver/customers"]
    # Judged before lookups are joined: only what is streamed decides.
    assert assets["silver/orders_quarantine"]["deps"] == ["bronze/orders"]
    assert assets["gold/revenue"]["deps"] == ["silver/orders"]
    assert assets["landing/orders"]["deps"] == []


def test_a_table_and_its_quarantine_come_from_one_op_in_the_tables_pool() -> None:
    definitions = small_definitions()
    repository = definitions.get_repository_def()
    table = repository.assets_defs_by_key[dg.AssetKey(["silver", "orders"])]
    quarantine = repository.assets_defs_by_key[dg.AssetKey(["silver", "orders_quarantine"])]
    assert table.op is quarantine.op
    assert table.op.pool == "silver/orders"


def test_no_io_manager_holds_the_data() -> None:
    assert set(surface(small_definitions())["resources"]) == {"lake", "spark"}


def test_a_check_blocks_exactly_when_it_is_an_error() -> None:
    checks = surface(small_definitions())["checks"]
    blocking = {name for name, check in checks.items() if check["blocking"]}
    assert blocking == {
        "bronze/customers:rows_conserved",
        "bronze/orders:rows_conserved",
        "silver/customers:rows_conserved",
        "silver/orders:rows_conserved",
        "silver/orders:has_key",
    }
    assert "silver/orders:small" in checks
    assert "silver/orders:positive" in checks
    assert "bronze/orders:files_failed" in checks


def test_the_job_of_a_source_holds_all_that_is_downstream_of_it() -> None:
    jobs = surface(small_definitions())["jobs"]
    assert jobs["orders_job"]["assets"] == [
        "bronze/orders",
        "gold/revenue",
        "silver/orders",
        "silver/orders_quarantine",
    ]
    assert "silver/orders" in jobs["customers_job"]["assets"], "orders look customers up"
    assert "bronze/orders" not in jobs["customers_job"]["assets"]
    assert {job["executor"] for job in jobs.values()} == {"in_process"}


def test_sensors_are_on_and_the_schedule_is_off() -> None:
    seen = surface(small_definitions())
    assert {sensor["default_status"] for sensor in seen["sensors"].values()} == {"RUNNING"}
    assert seen["schedules"]["daily_schedule"]["default_status"] == "STOPPED"


@pytest.mark.parametrize("automation", Automation)
@pytest.mark.parametrize("seconds", [0, 4, 31])
def test_an_interval_out_of_bounds_is_refused(seconds: int, automation: Automation) -> None:
    with pytest.raises(ValueError, match="5 and 30"):
        build_definitions(
            declarations.small_lakehouse,
            lake=LAKE,
            sensor_interval_seconds=seconds,
            automation=automation,
        )


def test_an_expectation_with_the_name_of_a_built_in_check_is_refused() -> None:
    table = SilverTable(
        name="orders",
        source=declarations.bronze_orders,
        transform=declarations.clean_orders,
        expectations=(expect("rows_conserved", "true"),),
    )
    with pytest.raises(DeclarationError, match="rows_conserved"):
        build_definitions(Lakehouse.from_tables([table]), lake=LAKE)


def test_an_asset_links_to_the_line_of_its_declaration() -> None:
    specs = {
        spec.key.to_user_string(): spec for spec in small_definitions().resolve_all_asset_specs()
    }
    references = specs["silver/orders"].metadata["dagster/code_references"].code_references
    source = Path(references[0].file_path).read_text().splitlines()
    assert source[references[0].line_number - 1].startswith("silver_orders = ")
