"""The commands of `docs/status.md` run as they are printed, and its keys are those there are."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from medallion_assets.cli import main
from medallion_assets.cli.status import NEEDS_ATTENTION
from medallion_assets_tests.documentation.pages import PROJECT, blocks
from medallion_assets_tests.lakehouse.autoloader.landed import settle

_PAGE = "docs/status.md"
_KEYS = re.compile(r"^\| key[^\n]*\n\| --- \| --- \|\n(?P<rows>(?:\|[^\n]*\n)+)", re.M)


@pytest.fixture
def landed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable, directory in (
        ("MEDALLION_LAKE", "lake"), ("MEDALLION_LANDING", "landing"), ("DAGSTER_HOME", "home"),
    ):  # fmt: skip
        monkeypatch.setenv(variable, str(tmp_path / directory))
    monkeypatch.chdir(tmp_path)
    assert main(["land"]) == 0
    settle(tmp_path / "landing")
    return tmp_path


def test_the_commands_of_the_page(landed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commands, _ = blocks(_PAGE, "sh")
    codes, printed = [], []
    for line in commands.splitlines():
        program, *arguments = line.split()
        assert program == "medallion"
        capsys.readouterr()
        codes.append(main(arguments))
        printed.append(capsys.readouterr().out)
    assert codes == [0, 0, 0, NEEDS_ATTENTION], "nothing has taken the files that landed"
    assert "bronze/customers" in printed[0]
    assert "bronze/customers" not in printed[1]
    assert "gold/daily_revenue" in printed[1]

    said = json.loads(printed[2])
    of_all, of_a_table = (documented(rows) for rows in _KEYS.findall((PROJECT / _PAGE).read_text()))
    assert of_all == set(said)
    assert {frozenset(table) for table in said["tables"]} == {frozenset(of_a_table)}


def documented(rows: str) -> set[str]:
    """The names in the first column of a table."""
    return {key for row in rows.splitlines() for key in re.findall(r"`(\w+)`", row.split("|")[1])}


@pytest.mark.process
def test_a_script_is_told_by_the_exit_code(landed: Path) -> None:
    _, script = blocks(_PAGE, "sh")
    command = f'exec "{sys.executable}" -m medallion_assets.cli "$@"'
    (landed / "medallion").write_text(f"#!/bin/sh\n{command}\n")
    (landed / "medallion").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", script],
        env={**os.environ, "PATH": f"{landed}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "bronze/orders: 2 files not taken yet" in done.stdout
    assert done.stdout == (landed / "status.txt").read_text()
