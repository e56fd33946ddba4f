"""What checks said last, read from an instance on disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.orchestration.check_states import CheckStates, check_states
from medallion_assets.orchestration.instance import INSTANCE_FILE, prepare_home
from medallion_assets_tests.orchestration.small_lakehouse import gold_revenue, silver_orders

PROJECT = Path(__file__).resolve().parents[2]
ORDERS = dg.AssetKey(["silver", "orders"])


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    home.mkdir()
    shutil.copyfile(PROJECT / INSTANCE_FILE, home / INSTANCE_FILE)
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


def states() -> CheckStates | None:
    found = check_states([silver_orders, gold_revenue], PROJECT)
    if found is None:
        return None
    assert found["gold.revenue"] == CheckStates()
    return found["silver.orders"]


def judge(instance: dg.DagsterInstance, name: str, passed: bool, severity: str = "WARN") -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=ORDERS,
            check_name=name,
            passed=passed,
            severity=dg.AssetCheckSeverity(severity),
        )
    )


def test_nothing_is_known_and_nothing_made_where_there_is_no_instance(home: Path) -> None:
    assert states() is None
    assert not home.exists()
    home.mkdir()
    shutil.copyfile(PROJECT / INSTANCE_FILE, home / INSTANCE_FILE)
    assert states() is None
    assert [path.name for path in home.iterdir()] == [INSTANCE_FILE]


def test_checks_are_sorted_by_what_they_said_last(instance: dg.DagsterInstance) -> None:
    found = states()
    assert found is not None
    assert found.not_run == ("rows_conserved", "small", "positive", "has_key")
    judge(instance, "rows_conserved", True)
    judge(instance, "small", True)
    judge(instance, "small", False)
    judge(instance, "has_key", False, "ERROR")
    assert states() == CheckStates(
        passed=("rows_conserved",), warned=("small",), failed=("has_key",), not_run=("positive",)
    )
    judge(instance, "small", True)
    found = states()
    assert found is not None
    assert found.passed == ("rows_conserved", "small")


def test_a_check_that_is_only_planned_keeps_what_it_said_before(
    instance: dg.DagsterInstance,
) -> None:
    @dg.multi_asset(
        specs=[dg.AssetSpec(ORDERS)], check_specs=[dg.AssetCheckSpec("small", asset=ORDERS)]
    )
    def orders() -> Iterator[dg.MaterializeResult[None]]:
        yield dg.MaterializeResult(asset_key=ORDERS)

    judge(instance, "small", False)
    job = dg.Definitions(assets=[orders], jobs=[dg.define_asset_job("going_on")]).resolve_job_def(
        "going_on"
    )
    # A run that is created has its checks planned.
    instance.create_run_for_job(job)
    key = dg.AssetCheckKey(ORDERS, "small")
    (newest,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert newest.status is AssetCheckExecutionRecordStatus.PLANNED
    found = states()
    assert found is not None
    assert found.warned == ("small",)


def test_an_instance_in_the_project_is_found_without_its_home_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(PROJECT / INSTANCE_FILE, tmp_path / INSTANCE_FILE)
    # As a run of another process has left it.
    with monkeypatch.context() as other:
        other.setenv("DAGSTER_HOME", str(tmp_path / "data" / "dagster"))
        prepare_home(tmp_path)
        with dg.DagsterInstance.get() as instance:
            judge(instance, "small", True)
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    found = check_states([silver_orders], tmp_path)
    assert found is not None
    assert found["silver.orders"].passed == ("small",)
    assert "DAGSTER_HOME" not in os.environ


def test_looking_at_an_instance_adds_nothing_to_it(
    instance: dg.DagsterInstance, home: Path
) -> None:
    judge(instance, "small", False)

    def entries() -> set[Path]:
        # SQLite has these while a database is open.
        return {path for path in home.rglob("*") if not path.name.endswith(("-wal", "-shm"))}

    before = entries()
    assert states() is not None
    assert entries() == before


def test_an_instance_that_can_not_be_read_says_why(home: Path) -> None:
    home.mkdir()
    (home / INSTANCE_FILE).write_text("storage: {postgres: nonsense}\n")
    with pytest.raises(MachineError, match=r"can't be read.*dagster\.yaml"):
        states()
