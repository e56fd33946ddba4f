from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from medallion_assets.orchestration.instance import limits_not_in_force, prepare_home

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    # Set first, so that what the tested function sets is taken back as well.
    monkeypatch.setenv("DAGSTER_HOME", "")


def problems(home: Path) -> list[str]:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return limits_not_in_force(instance, ["silver/orders"])


def test_the_projects_settings_are_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    home = prepare_home(PROJECT)
    assert home == tmp_path / "home"
    assert problems(home) == []


def test_a_home_without_settings_has_no_limits(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    found = problems(tmp_path)
    assert any("default_limit is None, not 1" in problem for problem in found)
    assert any("granularity is op, not run" in problem for problem in found)
    assert all("dagster.yaml" in problem for problem in found), "each names the fix"
    assert all("\n" not in problem for problem in found)


def test_a_limit_raised_for_one_pool_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text((PROJECT / "dagster.yaml").read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        instance.event_log_storage.set_concurrency_slots("silver/orders", 2)
        (problem,) = limits_not_in_force(instance, ["silver/orders"])
        assert "pool silver/orders has a limit of 2" in problem
        assert limits_not_in_force(instance, ["gold/revenue"]) == []


def test_runs_that_are_not_queued_are_found(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text(
        "run_coordinator:\n"
        "  module: dagster._core.run_coordinator\n"
        "  class: DefaultRunCoordinator\n"
    )
    assert any("not queued" in problem for problem in problems(tmp_path))


def test_the_default_home_is_in_the_project(tmp_path: Path) -> None:
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    home = prepare_home(tmp_path)
    assert home == tmp_path / "data" / "dagster"
    assert os.environ["DAGSTER_HOME"] == str(home)


def test_a_homes_own_settings_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("own: settings\n")
    prepare_home(PROJECT)
    assert (tmp_path / "dagster.yaml").read_text() == "own: settings\n"


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAGSTER_HOME", "home")
    assert prepare_home(PROJECT) == tmp_path / "home"
