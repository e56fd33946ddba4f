from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.opened_tables import opened_table


def append(path: Path, value: int) -> None:
    write_deltalake(path, pa.table({"value": [value]}), mode="append")


def let_it_settle(path: Path) -> None:
    """As if its last commit were a minute old."""
    then = time.time() - 60
    os.utime(path / "_delta_log", (then, then))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table"
    append(path, 1)
    let_it_settle(path)
    return path


def test_a_table_that_stays_as_it_was_is_opened_once(table: Path) -> None:
    assert opened_table(table) is opened_table(table)


def test_a_commit_shows_at_once(table: Path) -> None:
    before = opened_table(table)
    append(table, 2)
    after = opened_table(table)
    assert (before.version(), after.version()) == (0, 1)
    assert DeltaLog(table).row_count() == 2


def test_a_commit_of_another_process_shows_at_once(table: Path) -> None:
    assert DeltaLog(table).version_number() == 0
    program = "import sys; from deltalake import DeltaTable as T; T(sys.argv[1]).delete()"
    subprocess.run([sys.executable, "-c", program, table], check=True, timeout=60)
    assert DeltaLog(table).version_number() == 1
    assert DeltaLog(table).row_count() == 0


def test_a_commit_in_the_same_tick_of_the_clock_shows(table: Path) -> None:
    append(table, 2)
    tick = (table / "_delta_log").stat()
    assert opened_table(table).version() == 1
    append(table, 3)
    # The file system's clock has not moved on.
    os.utime(table / "_delta_log", ns=(tick.st_atime_ns, tick.st_mtime_ns))
    assert opened_table(table).version() == 2


def test_a_table_made_anew_is_another_one(table: Path) -> None:
    before = DeltaLog(table).version()
    shutil.rmtree(table)
    with pytest.raises(TableNotFoundError):
        opened_table(table)
    assert DeltaLog(table).version() is None
    append(table, 7)
    let_it_settle(table)
    after = DeltaLog(table).version()
    assert before is not None
    assert after is not None
    assert (after.version, before.version) == (0, 0)
    assert after.table_id != before.table_id


def test_few_stay_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [tmp_path / str(number) for number in range(12)]
    for path in paths:
        append(path, 1)
        let_it_settle(path)
    opened: list[Path] = []

    def counted(path: Path) -> DeltaTable:
        opened.append(path)
        return DeltaTable(path)

    monkeypatch.setattr("medallion_assets.lakehouse.opened_tables.DeltaTable", counted)
    for path in paths:
        opened_table(path)
    opened_table(paths[-1])
    opened_table(paths[0])
    assert opened == [*paths, paths[0]]
