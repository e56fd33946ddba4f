"""Files under Dagster: what each check says of a clean one, of a bad one, and after a release."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.delta_rows import rows
from medallion_assets_tests.orchestration.judged_lakehouse import (
    BAD,
    CLEAN,
    CUSTOMERS,
    LATER,
    REFUSED,
    bronze_sales,
    by_customer,
    judged_lakehouse,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Told = dict[str, tuple[bool, dict[str, Any]]]
RELEASE = {"release": {"where": "id = 7", "repairs": {"amount": "abs(amount)"}}}


@dataclass(frozen=True)
class Scene:
    """Runs over one lake, in their order."""

    clean: dg.ExecuteInProcessResult
    bad: dg.ExecuteInProcessResult
    gold_after_bad: dict[int | None, int]
    idle: dg.ExecuteInProcessResult
    released: dg.ExecuteInProcessResult
    gold_after_release: dict[int | None, int]
    later: dg.ExecuteInProcessResult
    refused: dg.ExecuteInProcessResult


@pytest.fixture(scope="module")
def scene(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    root = tmp_path_factory.mktemp("scene")
    lake = Lake(root / "lake", root / "landing")
    definitions = build_definitions(judged_lakehouse, lake=LakeResource.of(lake))
    job = definitions.resolve_job_def("lakehouse_job")
    instance = dg.DagsterInstance.ephemeral()
    landing = lake.landing_path(bronze_sales.source)

    def run(**config: Any) -> dg.ExecuteInProcessResult:
        ops = {"silver__sales": {"config": config}} if config else {}
        return job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"ops": ops}
        )

    def gold() -> dict[int | None, int]:
        return {row["customer"]: row["amount"] for row in rows(lake.path(by_customer))}

    land(lake.landing / "customers" / "1.json", CUSTOMERS.encode())
    land(landing / "clean.json", CLEAN.encode())
    clean = run()
    land(landing / "bad.json", BAD.encode())
    land(landing / "broken.json.gz", gzip.compress(CLEAN.encode())[:-12])
    bad = run()
    gold_after_bad = gold()
    idle = run()
    released = run(**RELEASE)
    gold_after_release = gold()
    land(landing / "later.json", LATER.encode())
    later = run()
    land(landing / "refused.json", REFUSED.encode())
    return Scene(clean, bad, gold_after_bad, idle, released, gold_after_release, later, run())


def told(result: dg.ExecuteInProcessResult, asset: str) -> Told:
    """The checks of an asset: whether they passed, and their numbers."""
    return {
        check.check_name: (
            check.passed,
            {
                name: value.value
                for name, value in check.metadata.items()
                if not isinstance(value, dg.MarkdownMetadataValue)
            },
        )
        for check in result.get_asset_check_evaluations()
        if check.asset_key == dg.AssetKey.from_user_string(asset)
    }


def shown(result: dg.ExecuteInProcessResult, check_name: str, metadata: str) -> str:
    """What a check shows as Markdown."""
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    return str(checks[check_name].metadata[metadata].value)


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        event.materialization.asset_key.to_user_string()
        for event in result.all_events
        if event.is_step_materialization
    }


def test_a_clean_file_warns_of_nothing(scene: Scene) -> None:
    assert scene.clean.success
    failed = [c.check_name for c in scene.clean.get_asset_check_evaluations() if not c.passed]
    assert failed == []
    names = {
        (c.asset_key.to_user_string(), c.check_name)
        for c in scene.clean.get_asset_check_evaluations()
    }
    assert len(names) == 7 + 4 + 1 + 11 + 2


def test_a_bad_file_is_counted_exactly(scene: Scene) -> None:
    bronze = told(scene.bad, "bronze/sales")
    assert bronze["rows_conserved"][0]
    assert bronze["corrupt_rows"] == (False, {"rows": 1, "of": 8, "share": 0.125})
    fix = "In the schema of sales: customer string; then medallion rebuild bronze.sales"
    assert bronze["rescued_rows"] == (False, {"rows": 1, "of": 8, "share": 0.125, "fix": fix})
    assert bronze["files_failed"] == (False, {"files": 1})
    assert bronze["corrupt_share"][0]
    assert not bronze["rescued_share"][0]
    assert bronze["backlog"] == (True, {"files": 0, "events": 0})

    silver = told(scene.bad, "silver/sales")
    counts = {
        name: (passed, numbers["failed_rows"], numbers["evaluated_rows"])
        for name, (passed, numbers) in silver.items()
        if "evaluated_rows" in numbers
    }
    assert counts == {
        "parsed": (False, 1, 8),
        "amount_positive": (False, 2, 8),
        "not_a_test": (False, 1, 8),
        "note_short": (True, 1, 8),
        "id_present": (True, 0, 8),
    }
    assert silver["rows_conserved"] == (
        True,
        {"read": 8, "kept": 4, "written": 4, "superseded": 0, "quarantined": 3, "dropped": 1},
    )
    assert silver["amount_positive_blocks"] == (
        False,
        {"rows": 2, "of": 8, "share": 0.25, "allowed_share": 0.2},
    )
    assert silver["customer_in_customers"] == (
        False,
        {"rows_judged": 3, "rows_that_find_nothing": 1, "failed_share": 0.3333},
    )
    assert silver["unique_id"] == (True, {"keys_judged": 4, "keys_with_several_rows": 0})
    assert silver["volume"] == (True, {"rows": 4, "runs_compared": 1, "median_rows": 2})
    assert silver["fresh_at"][1]["newest"] == "2026-03-03T00:00:00+00:00"


def test_failing_rows_and_earlier_runs_are_shown(scene: Scene) -> None:
    table = shown(scene.bad, "amount_positive", "failing_rows")
    assert "sales/bad.json" in table
    assert '"id":7' in table
    assert '"amount":-70' in table
    assert '"id":8' in table
    assert '"id":3' not in table
    runs = shown(scene.bad, "amount_positive", "last_runs").splitlines()[2:]
    counts = [line.strip("| ").split(" | ")[1:] for line in runs]
    assert counts == [["2", "8", "25.00%"], ["0", "2", "0.00%"]]


def test_what_is_downstream_waits_and_goes_on_after_the_release(scene: Scene) -> None:
    assert not scene.bad.success
    assert "silver/sales" in materialized(scene.bad)
    assert "gold/by_customer" not in materialized(scene.bad)
    assert scene.gold_after_bad == {1: 10, 2: 20}
    # Nothing new does not make it right.
    assert not scene.idle.success
    assert told(scene.idle, "silver/sales")["amount_positive_blocks"][0] is False
    assert "gold/by_customer" not in materialized(scene.idle)

    assert scene.released.success
    assert told(scene.released, "silver/sales")["amount_positive"][1]["evaluated_rows"] == 1
    assert scene.gold_after_release == {1: 10 + 30 + 40 + 70, 2: 20, 9: 50, None: 60}
    assert told(scene.released, "gold/by_customer")["same_total_as_sales"] == (
        True,
        {"total": 280, "total_of_sales": 280},
    )


def test_a_later_clean_file_ends_the_warnings(scene: Scene) -> None:
    assert scene.later.success
    silver = told(scene.later, "silver/sales")
    assert [name for name, (passed, _) in silver.items() if not passed] == []
    assert told(scene.later, "bronze/sales")["corrupt_rows"][0]


def test_a_row_that_fails_the_run_is_shown_and_nothing_goes_on(scene: Scene) -> None:
    assert not scene.refused.success
    check = told(scene.refused, "silver/sales")["id_present"]
    assert not check[0]
    assert '"note":"k"' in check[1]["reason"]
    assert not materialized(scene.refused) & {"silver/sales", "gold/by_customer"}
