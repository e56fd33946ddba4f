from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake

from medallion_assets.lakehouse.delta_log import Column, DeltaLog, TableVersion

ROWS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "o": pa.array([{"x": 1, "l": ["a"]}] * 3),
        "m": pa.array([[("k", 1.5)]] * 3, pa.map_(pa.string(), pa.float64())),
        "at": pa.array(
            [datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)] * 3,
            pa.timestamp("us", "UTC"),
        ),
    }
)


@pytest.mark.parametrize("made", [False, True], ids=["nothing", "an empty log directory"])
def test_without_a_table_every_answer_is_an_empty_one(tmp_path: Path, made: bool) -> None:
    if made:
        (tmp_path / "table" / "_delta_log").mkdir(parents=True)
    log = DeltaLog(tmp_path / "table")
    assert not log.exists()
    assert (log.version(), log.transaction_version("a"), log.row_count()) == (None, None, 0)
    assert (log.columns(), log.preview(5), log.last_operation()) == ((), [], {})


def test_the_log_tells_version_rows_and_columns(tmp_path: Path) -> None:
    log = DeltaLog(tmp_path)
    write_deltalake(tmp_path, ROWS)
    write_deltalake(tmp_path, ROWS.slice(0, 2), mode="append")
    assert log.exists()
    version = log.version()
    assert version == TableVersion(str(DeltaTable(tmp_path).metadata().id), 1)
    assert str(version).endswith(":1")
    assert log.row_count() == 5
    assert log.columns() == (
        Column("id", "bigint", True), Column("o", "struct<l:array<string>,x:bigint>", True),
        Column("m", "map<string,double>", True), Column("at", "timestamp", True),
    ) or log.columns()[1] == Column("o", "struct<x:bigint,l:array<string>>", True)  # fmt: skip
    assert [row["id"] for row in log.preview(2)] in ([1, 2], [2, 1])
    assert len(log.preview(100)) == 5


def test_a_table_made_anew_has_another_id(tmp_path: Path) -> None:
    write_deltalake(tmp_path / "a", ROWS)
    write_deltalake(tmp_path / "b", ROWS)
    first, second = DeltaLog(tmp_path / "a").version(), DeltaLog(tmp_path / "b").version()
    assert first is not None
    assert second is not None
    assert first.table_id != second.table_id


def test_transactions_are_kept_by_application(tmp_path: Path) -> None:
    for number in (0, 7):
        properties = CommitProperties(app_transactions=[Transaction("stream-a", number)])
        write_deltalake(tmp_path, ROWS, mode="append", commit_properties=properties)
    log = DeltaLog(tmp_path)
    assert log.transaction_version("stream-a") == 7
    assert log.transaction_version("stream-b") is None


def test_rows_are_counted_without_statistics_too(tmp_path: Path) -> None:
    write_deltalake(tmp_path, ROWS, configuration={"delta.dataSkippingNumIndexedCols": "0"})
    for entry in (tmp_path / "_delta_log").glob("*.json"):
        import json

        actions = [json.loads(line) for line in entry.read_text().splitlines()]
        for action in actions:
            action.get("add", {}).pop("stats", None)
        entry.write_text("\n".join(map(json.dumps, actions)))
    assert DeltaLog(tmp_path).row_count() == 3


def test_deleted_rows_are_not_counted(tmp_path: Path) -> None:
    write_deltalake(tmp_path, ROWS)
    DeltaTable(tmp_path).delete("id = 2")
    log = DeltaLog(tmp_path)
    assert log.row_count() == 2
    assert int(log.last_operation()["num_deleted_rows"]) == 1


def test_the_newest_version_tells_its_rows_and_its_time(tmp_path: Path) -> None:
    log = DeltaLog(tmp_path)
    assert log.stored() is None
    before = datetime.datetime.now(datetime.timezone.utc)
    for _ in range(2):
        write_deltalake(tmp_path, ROWS, mode="append")
    stored = log.stored()
    assert stored is not None
    assert stored.version == log.version()
    assert stored.rows == 6
    first, second = log.committed_at(0), log.committed_at(1)
    assert first is not None
    assert second is not None
    # Commits are timed to the millisecond.
    assert (
        before - datetime.timedelta(milliseconds=1)
        <= first
        <= second
        <= datetime.datetime.now(datetime.timezone.utc)
    )
    assert stored.written_at == second


def test_a_log_that_was_cut_off_tells_when_its_newest_file_was_written(tmp_path: Path) -> None:
    write_deltalake(tmp_path, ROWS)
    write_deltalake(tmp_path, ROWS, mode="append")
    log = DeltaLog(tmp_path)
    stored = log.stored()
    DeltaTable(tmp_path).create_checkpoint()
    for entry in (tmp_path / "_delta_log").glob("*.json"):
        entry.unlink()
    assert log.committed_at(1) is None
    cut = log.stored()
    assert cut is not None
    assert stored is not None
    assert cut.written_at is not None
    assert stored.written_at is not None
    assert cut.written_at <= stored.written_at
    assert stored.written_at - cut.written_at < datetime.timedelta(minutes=5)


def test_a_process_may_end_right_after_a_preview(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_deltalake(tmp_path / name, pa.table({"id": range(1000)}))
    program = (
        "import sys; from pathlib import Path; "
        "from medallion_assets.lakehouse.delta_log import DeltaLog; "
        "print([len(DeltaLog(Path(path)).preview(5)) for path in sys.argv[1:]])"
    )
    # What Arrow still reads then has aborted every other process.
    for _ in range(6):
        command = [sys.executable, "-c", program, str(tmp_path / "one"), str(tmp_path / "two")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stdout, done.stderr) == (0, "[5, 5]\n", "")
