"""The small lakehouse under Dagster and a real Spark session: new data, none, and bad data."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse

CUSTOMERS = [
    {"customer_id": 1, "country": "NL", "seq": 1},
    {"customer_id": 2, "country": "DE", "seq": 1},
]
ORDERS = [
    {"order_id": 1, "customer_id": 1, "amount": 10.0, "seq": 1},
    {"order_id": 2, "customer_id": 2, "amount": 5000.0, "seq": 1},
    {"order_id": 3, "customer_id": 2, "amount": -1.0, "seq": 1},
]
WRITTEN_TOGETHER = ("silver/orders", "silver/orders_quarantine")
WITHOUT_KEY = [{"order_id": None, "customer_id": 1, "amount": 1.0, "seq": 1}]


@dataclass(frozen=True)
class Scene:
    """Runs over one lake: with data, without any, of one asset, and with a row that is refused."""

    lake: Lake
    first: dg.ExecuteInProcessResult
    idle: dg.ExecuteInProcessResult
    alone: dict[str, dg.ExecuteInProcessResult]
    refused: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    root = tmp_path_factory.mktemp("scene")
    lake = Lake(root / "lake", root / "landing")
    definitions = build_definitions(small_lakehouse, lake=LakeResource.of(lake))
    job = definitions.resolve_job_def("lakehouse_job")
    instance = dg.DagsterInstance.ephemeral()

    def run(*assets: str) -> dg.ExecuteInProcessResult:
        return job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            asset_selection=[dg.AssetKey.from_user_string(asset) for asset in assets] or None,
        )

    land(lake.landing / "customers" / "1.json", CUSTOMERS)
    land(lake.landing / "orders" / "1.json", ORDERS)
    first = run()
    idle = run()
    alone = {asset: run(asset) for asset in WRITTEN_TOGETHER}
    land(lake.landing / "orders" / "2.json", WITHOUT_KEY)
    return Scene(lake, first, idle, alone, run())


def land(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    # Older than the time a file is given to settle.
    landed = time.time() - 60
    os.utime(path, (landed, landed))


def materializations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetMaterialization]:
    return {
        event.materialization.asset_key.to_user_string(): event.materialization
        for event in result.all_events
        if event.is_step_materialization
    }


def values(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    return {name: item.value for name, item in materializations(result)[asset].metadata.items()}


def checks(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    return {
        f"{check.asset_key.to_user_string()}:{check.check_name}": check
        for check in result.get_asset_check_evaluations()
    }


def data_versions(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    return {
        asset: (done.tags or {})["dagster/data_version"]
        for asset, done in materializations(result).items()
    }


ALL = [
    "bronze/customers",
    "bronze/orders",
    "gold/revenue",
    "silver/customers",
    "silver/orders",
    "silver/orders_quarantine",
]
ALWAYS_THERE = {
    "dagster/row_count",
    "dagster/column_schema",
    "dagster/table_name",
    "dagster/uri",
    "rows_this_run",
    "delta_version",
    "batches",
    "duration_seconds",
    "preview",
}


def test_every_table_is_materialized_with_data_and_without(scene: Scene) -> None:
    assert scene.first.success
    assert scene.idle.success
    assert sorted(materializations(scene.first)) == ALL
    assert sorted(materializations(scene.idle)) == ALL


@pytest.mark.parametrize("asset", ALL)
def test_a_run_without_new_data_tells_as_much_as_one_with(scene: Scene, asset: str) -> None:
    first, idle = values(scene.first, asset), values(scene.idle, asset)
    assert first.keys() >= ALWAYS_THERE
    assert idle.keys() >= ALWAYS_THERE
    assert idle["rows_this_run"] == 0
    assert idle["batches"] == 0
    for unchanged in ("dagster/row_count", "dagster/column_schema", "delta_version", "preview"):
        assert idle[unchanged] == first[unchanged]


def test_a_run_without_new_data_has_the_same_data_versions(scene: Scene) -> None:
    assert data_versions(scene.idle) == data_versions(scene.first)
    assert data_versions(scene.first)["silver/orders"] == str(
        scene.lake.log(small_lakehouse.table("silver.orders")).version()
    )


@pytest.mark.parametrize("asset", WRITTEN_TOGETHER)
def test_a_table_or_its_quarantine_can_be_materialized_alone(scene: Scene, asset: str) -> None:
    result = scene.alone[asset]
    assert result.success
    # One stream writes both, so a run of either reports both.
    assert sorted(materializations(result)) == list(WRITTEN_TOGETHER)
    versions = data_versions(scene.idle)
    assert data_versions(result) == {name: versions[name] for name in WRITTEN_TOGETHER}
    judged = {name for name in checks(scene.idle) if name.startswith("silver/orders:")}
    assert checks(result).keys() == (judged if asset == "silver/orders" else set())


def test_a_quarantine_depends_on_the_judged_table_alone(scene: Scene) -> None:
    graph = build_definitions(
        small_lakehouse, lake=LakeResource.of(scene.lake)
    ).resolve_asset_graph()
    node = graph.get(dg.AssetKey(["silver", "orders_quarantine"]))
    assert node.parent_keys == {dg.AssetKey(["bronze", "orders"])}


def test_rows_are_counted_where_they_went(scene: Scene) -> None:
    silver = values(scene.first, "silver/orders")
    assert silver["rows_read"] == 3
    assert silver["rows_this_run"] == silver["dagster/row_count"] == 2
    assert silver["rows_quarantined"] == 1
    quarantine = values(scene.first, "silver/orders_quarantine")
    assert quarantine["rows_this_run"] == quarantine["dagster/row_count"] == 1
    assert values(scene.first, "gold/revenue")["dagster/row_count"] == 2


def test_bronze_tells_of_its_files(scene: Scene) -> None:
    first, idle = values(scene.first, "bronze/orders"), values(scene.idle, "bronze/orders")
    assert first["files_taken"] == 1
    assert first["files_failed"] == first["backlog_files"] == first["backlog_bytes"] == 0
    assert "1.json" in first["files"]
    assert idle["files_taken"] == 0


def test_bronze_is_up_to_date_with_its_landing_directory_at_once(scene: Scene) -> None:
    tags = materializations(scene.first)["bronze/orders"].tags or {}
    # INITIAL is what a directory has before the run reports what it took.
    assert tags["dagster/input_data_version/landing/orders"] != "INITIAL"


def test_columns_have_types_descriptions_and_constraints(scene: Scene) -> None:
    schema = values(scene.first, "silver/orders")["dagster/column_schema"]
    columns = {column.name: column for column in schema.columns}
    assert columns["order_id"].type == "bigint"
    assert columns["order_id"].description == "The order's number."
    assert columns["order_id"].constraints.unique
    assert "highest of its key" in columns["_sequence"].description
    assert "positive: amount > 0 (else quarantine)" in schema.constraints.other


def test_columns_lead_back_to_the_columns_they_come_from(scene: Scene) -> None:
    for result in (scene.first, scene.idle):
        metadata = values(result, "silver/orders")
        sources = metadata["dagster/column_lineage"].deps_by_column["amount"]
        assert [(dep.asset_key.to_user_string(), dep.column_name) for dep in sources] == [
            ("bronze/orders", "amount")
        ]
        assert "amount" in metadata["column_lineage"]


def test_the_last_runs_are_counted_and_drawn(scene: Scene) -> None:
    first, idle = values(scene.first, "silver/orders"), values(scene.idle, "silver/orders")
    (only,) = first["recent_runs"]
    assert only["written"] == 2
    # One of three rows went to the quarantine, and one of them is too large.
    assert only["shares"] == {"quarantined": 0.333333, "worst rule": 0.333333}
    assert "](data:image/png;base64," in first["rows_and_quality"]
    for name in ("recent_runs", "rows_and_quality"):
        assert idle[name] == first[name]
    later = values(scene.refused, "bronze/orders")["recent_runs"]
    assert [run["written"] for run in later] == [3, 1]


def test_checks_say_which_rules_were_broken(scene: Scene) -> None:
    first = checks(scene.first)
    failed = {name for name, check in first.items() if not check.passed}
    assert failed == {"silver/orders:small", "silver/orders:positive"}
    for name in failed:
        assert first[name].severity is dg.AssetCheckSeverity.WARN
        assert first[name].metadata["failed_rows"].value == 1
        assert first[name].metadata["evaluated_rows"].value == 3
    # Nothing was judged in a run with nothing new: a failed check does not turn green by it.
    idle = checks(scene.idle)
    assert {name: check.passed for name, check in idle.items()} == {
        name: check.passed for name, check in first.items()
    }
    for name in failed:
        assert idle[name].metadata["failed_rows"].value == 1
        assert "as_of" in idle[name].metadata
    assert checks(scene.idle).keys() == first.keys()


def test_a_refused_row_fails_its_check_and_stops_what_is_downstream(scene: Scene) -> None:
    assert not scene.refused.success
    check = checks(scene.refused)["silver/orders:has_key"]
    assert not check.passed
    assert check.blocking
    assert check.severity is dg.AssetCheckSeverity.ERROR
    done = materializations(scene.refused)
    assert "bronze/orders" in done
    assert "silver/orders" not in done
    assert "gold/revenue" not in done


def test_a_refusal_is_not_tried_again_and_says_why(scene: Scene) -> None:
    events = scene.refused.all_events
    assert not [event for event in events if event.is_step_up_for_retry]
    (failure,) = [event.step_failure_data for event in events if event.is_step_failure]
    assert failure.user_failure_data is not None
    assert "has_key" in (failure.user_failure_data.description or "")


def test_a_refused_micro_batch_wrote_nothing(scene: Scene) -> None:
    log = scene.lake.log(small_lakehouse.table("silver.orders"))
    assert str(log.version()) == data_versions(scene.first)["silver/orders"]
