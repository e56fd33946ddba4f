"""`medallion status`: what it prints, for people and programs, and what scripts are told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from medallion_assets.cli import main
from medallion_assets.cli.status import CANNOT_TELL, NEEDS_ATTENTION, exit_code
from medallion_assets.cli.status_judgement import TableReport
from medallion_assets.cli.status_report import as_json, as_text
from medallion_assets.lakehouse.delta_log import Stored, TableVersion
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status import Backlog, TableStatus, Unread
from medallion_assets.lakehouse.tables import Layer
from medallion_assets.orchestration.check_states import CheckStates
from medallion_assets_tests.lakehouse.autoloader.landed import settle

NOW = datetime(2026, 11, 3, 12, tzinfo=timezone.utc)
LAKE = Lake(Path("/lake"), Path("/landing"))
BRONZE = TableReport(
    TableStatus(
        name="bronze.orders",
        layer=Layer.BRONZE,
        stored=Stored(TableVersion("an-id", 4), 1_200, NOW - timedelta(hours=3)),
        backlog=Backlog(files=0, bytes=0),
    ),
    CheckStates(passed=("rows_conserved", "files_failed")),
)
SILVER = TableReport(
    TableStatus(
        name="silver.orders",
        layer=Layer.SILVER,
        stored=Stored(TableVersion("other-id", 7), 900, NOW - timedelta(seconds=40)),
        unread=(Unread("bronze.orders", 4, 4),),
        quarantine_rows=12,
    ),
    CheckStates(passed=("rows_conserved",)),
)
GOOD = [BRONZE, SILVER]


def changed(report: TableReport, **values: Any) -> TableReport:
    return replace(report, status=replace(report.status, **values))


FAILED = replace(SILVER, checks=CheckStates(passed=("a",), failed=("amount_not_negative",)))
UNREADABLE = changed(BRONZE, backlog=Backlog(files=0, bytes=0, failed_files=1))
LOST = changed(BRONZE, backlog=Backlog(events=0, lost=("clicks/0 offset 3: deleted",)))
WARNED = replace(SILVER, checks=CheckStates(warned=("customer_named",)))
WAITING = changed(
    BRONZE, backlog=Backlog(files=2, bytes=1_500, oldest_seconds=130.0, complete=False)
)
GROWING = changed(BRONZE, backlog=Backlog(files=0, bytes=0, being_written=2))
BEHIND = changed(SILVER, unread=(Unread("bronze.orders", 4, 2, since=NOW - timedelta(minutes=5)),))
UNTOLD = changed(BRONZE, backlog=None, errors=("The Kafka cluster a:1 does not answer.",))
NO_CHECKS = replace(BRONZE, checks=None)


@pytest.mark.parametrize(
    ("report", "code", "strict"),
    [
        (BRONZE, 0, 0),
        (NO_CHECKS, 0, 0),
        (FAILED, NEEDS_ATTENTION, NEEDS_ATTENTION),
        (UNREADABLE, NEEDS_ATTENTION, NEEDS_ATTENTION),
        (LOST, NEEDS_ATTENTION, NEEDS_ATTENTION),
        (WARNED, 0, NEEDS_ATTENTION),
        (WAITING, 0, NEEDS_ATTENTION),
        (GROWING, 0, 0),
        (BEHIND, 0, NEEDS_ATTENTION),
        (UNTOLD, CANNOT_TELL, CANNOT_TELL),
    ],
)
def test_the_exit_code_says_the_worst(report: TableReport, code: int, strict: int) -> None:
    assert exit_code([*GOOD, report], None) == code
    assert exit_code([*GOOD, report], None, strict=True) == strict
    # What is known to be wrong is not hidden by what is not known.
    expected = code or CANNOT_TELL
    assert exit_code([*GOOD, report], "The instance can't be read.") == expected


def lines(*reports: TableReport, unknown: str | None = None) -> list[str]:
    return as_text(reports, LAKE, NOW, unknown).splitlines()


def test_people_get_a_line_a_table() -> None:
    header, _, bronze, silver = lines(*GOOD)
    assert header.split() == [
        "table", "version", "rows", "written", "backlog", "checks", "quarantine",
    ]  # fmt: skip
    assert bronze.split() == ["bronze/orders", "4", "1,200", "3", "h", "ago", "-", "2", "ok"]
    assert silver.split() == ["silver/orders", "7", "900", "40", "s", "ago", "-", "1", "ok", "12"]


@pytest.mark.parametrize(
    ("report", "cell", "sentence"),
    [
        (FAILED, "1 failed: amount_not_negative", "check amount_not_negative failed"),
        (UNREADABLE, "1 failed", "1 file could not be read"),
        (LOST, "-", "events are gone before they were read: clicks/0 offset 3: deleted"),
        (WARNED, "1 warning: customer_named", "check customer_named failed, as a warning"),
        (WAITING, "2 files or more, 1.5 kB, 2 min", "2 files not taken yet"),
        (BEHIND, "2 versions, 5 min", "2 versions of bronze/orders not read yet"),
        (UNTOLD, "?", "The Kafka cluster a:1 does not answer."),
    ],
)
def test_what_is_not_right_is_in_its_line_and_in_a_sentence(
    report: TableReport, cell: str, sentence: str
) -> None:
    _, _, line, *rest = lines(report)
    assert cell in line
    name = report.status.name.replace(".", "/")
    assert any(said.startswith(f"  {name}: {sentence}") for said in rest)


def test_files_that_grow_are_told_and_nothing_to_warn_of() -> None:
    assert "  2 being written  " in lines(GROWING)[2]
    assert len(lines(GROWING)) == 3


def test_columns_that_no_table_has_are_left_out() -> None:
    late = changed(SILVER, data_as_of=NOW, late_rows=3)
    header, _, bronze, silver = lines(BRONZE, late)
    assert "data as of" in header
    assert header.endswith("late")
    assert "2026-11-03 12:00:00" in silver
    assert silver.endswith("3")
    assert bronze.rstrip().endswith("2 ok")


def test_a_lake_that_is_not_there_says_what_makes_it() -> None:
    nothing = TableReport(TableStatus(name="gold.sales", layer=Layer.GOLD), None)
    said = "\n".join(lines(nothing))
    assert "never" in said
    assert "there is no Dagster instance yet" in said
    assert "`make run`" in said
    assert "can't be read" in "\n".join(lines(nothing, unknown="The instance can't be read."))


def test_programs_get_numbers_and_times_in_utc() -> None:
    said = as_json([WAITING, BEHIND], LAKE, NOW, None, 0)
    # What is said can be read again.
    said = json.loads(json.dumps(said))
    waiting, behind = said.pop("tables")
    assert said == {
        "at": "2026-11-03T12:00:00.000Z",
        "exit_code": 0,
        "lake": "/lake",
        "landing": "/landing",
        "checks_error": None,
    }
    assert waiting == {
        "table": "bronze/orders",
        "layer": "bronze",
        "version": 4,
        "table_id": "an-id",
        "rows": 1200,
        "written_at": "2026-11-03T09:00:00.000Z",
        "data_as_of": None,
        "backlog": {
            "files": 2,
            "bytes": 1500,
            "events": None,
            "oldest_seconds": 130.0,
            "being_written": 0,
            "complete": False,
            "failed_files": 0,
            "lost": [],
        },
        "versions_behind": 0,
        "behind_seconds": None,
        "reads": [],
        "checks": {
            "passed": ["rows_conserved", "files_failed"],
            "warned": [],
            "failed": [],
            "not_run": [],
        },
        "quarantine_rows": None,
        "late_rows": None,
        "attention": [],
        "warnings": ["2 files not taken yet"],
        "errors": [],
    }
    assert behind.keys() == waiting.keys()
    assert (behind["versions_behind"], behind["behind_seconds"]) == (2, 300.0)
    assert behind["reads"] == [{"table": "bronze/orders", "version": 4, "read": 2, "behind": 2}]
    nothing = as_json([TableReport(TableStatus("gold.sales", Layer.GOLD), None)], LAKE, NOW, "x", 1)
    assert nothing["checks_error"] == "x"
    (table,) = nothing["tables"]
    assert table.keys() == waiting.keys()
    assert (table["version"], table["written_at"], table["checks"]) == (None, None, None)


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("MEDALLION_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path


def test_before_the_first_run_nothing_is_wrong_and_nothing_is_made(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status"]) == 0
    said = capsys.readouterr()
    assert "gold/daily_revenue" in said.out
    assert said.err == ""
    assert list(elsewhere.iterdir()) == []
    assert main(["land"]) == 0
    settle(elsewhere / "landing")
    capsys.readouterr()
    assert main(["status", "--json", "gold/daily_revenue", "bronze/orders"]) == 0
    tables = json.loads(capsys.readouterr().out)["tables"]
    assert [table["table"] for table in tables] == ["bronze/orders", "gold/daily_revenue"]
    assert tables[0]["warnings"] == [f"{tables[0]['backlog']['files']} files not taken yet"]
    assert main(["status", "--strict", "bronze/orders"]) == NEEDS_ATTENTION
    assert main(["status", "--strict", "gold/daily_revenue"]) == 0
    assert not (elsewhere / "lake").exists()
    assert not (elsewhere / "home").exists()


def test_a_table_that_is_not_there_is_named(
    elsewhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "gold/nothing"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "gold.nothing" in line
    assert "gold.daily_revenue" in line
