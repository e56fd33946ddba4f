from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from deltalake import DeltaTable

from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.ledger_rows import Backlog
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, landed

A, B, C = landed("/in/a b%20[1].json", 3), landed("/in/\u00fc\n.json", 5), landed("/in/c", 7)
OLDEST = datetime.datetime.fromtimestamp(PAST, datetime.timezone.utc)


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    ledger = FileLedger(tmp_path / "ledger")
    ledger.create()
    return ledger


def replaced(file: LandedFile, size: int) -> LandedFile:
    return LandedFile(file.path, size, file.modified_ns + 1_000_000_000)


def test_a_ledger_that_was_never_made_is_empty(tmp_path: Path) -> None:
    ledger = FileLedger(tmp_path / "nothing")
    assert ledger.version() is None
    assert ledger.last_batch() is None
    assert ledger.last_commit() is None
    assert ledger.next_batch() == 0
    assert ledger.batch(0) == []
    assert ledger.failures() == {}
    assert ledger.backlog(None) == Backlog(0, 0)
    assert not ledger.known().holds(A)
    assert ledger.untouched()
    assert not (tmp_path / "nothing").exists()


def test_micro_batches_are_numbered_on_and_hold_their_files(ledger: FileLedger) -> None:
    assert ledger.discovered([[A, B], [C]]) == 2
    assert ledger.last_batch() == 1
    later = landed("/in/d")
    assert ledger.discovered(iter([[later]])) == 1
    assert ledger.last_batch() == 2
    assert sorted(file.path for file in ledger.batch(0)) == sorted([A.path, B.path])
    assert ledger.batch(1) == [C]
    assert ledger.batch(2) == [later]
    assert ledger.batch(3) == []


def test_each_micro_batch_is_one_commit_of_the_table_the_stream_reads(ledger: FileLedger) -> None:
    before = DeltaTable(ledger.files_path).version()
    ledger.discovered([[A, B], [C]])
    assert DeltaTable(ledger.files_path).version() == before + 2


def test_discovering_nothing_commits_nothing(ledger: FileLedger) -> None:
    before = ledger.version()
    assert ledger.discovered([]) == 0
    assert ledger.version() == before


def test_chunks_of_one_micro_batch_are_one_commit(ledger: FileLedger) -> None:
    before = DeltaTable(ledger.files_path).version()
    ledger.discovered_as_one(iter([[A, B], [C]]), 7)
    assert DeltaTable(ledger.files_path).version() == before + 1
    assert sorted(file.path for file in ledger.batch(7)) == sorted([A.path, B.path, C.path])
    ledger.discovered_as_one(iter([]), 8)
    assert DeltaTable(ledger.files_path).version() == before + 2


def test_making_the_tables_again_keeps_what_is_in_them(ledger: FileLedger) -> None:
    ledger.discovered([[A]])
    ledger.create()
    assert ledger.known().holds(A)


def test_the_log_of_files_outlives_any_pause(ledger: FileLedger) -> None:
    properties = DeltaTable(ledger.files_path).metadata().configuration
    assert properties["delta.logRetentionDuration"] == "interval 3650 days"


def test_a_file_is_recorded_as_it_was_seen(ledger: FileLedger) -> None:
    before = datetime.datetime.now(datetime.timezone.utc)
    ledger.discovered([[LandedFile(A.path, 12, int(PAST * 1e9) + 123_456_789)]])
    (row,) = DeltaTable(ledger.files_path).to_pyarrow_table().to_pylist()
    assert (row["path"], row["size"], row["batch"]) == (A.path, 12, 0)
    modified = datetime.datetime.fromtimestamp(PAST, datetime.timezone.utc)
    assert row["modification_time"] == modified + datetime.timedelta(microseconds=123_456)
    assert before <= row["discovery_time"] <= datetime.datetime.now(datetime.timezone.utc)


def test_a_known_file_is_not_taken_again_even_when_it_changed(ledger: FileLedger) -> None:
    ledger.discovered([[A]])
    ledger.committed(0, 3)
    known = ledger.known()
    assert known.holds(A)
    assert known.holds(replaced(A, 99))
    assert not known.holds(B)


def test_a_failed_file_is_taken_again_once_it_was_replaced(ledger: FileLedger) -> None:
    ledger.discovered([[A, B]])
    ledger.failed(0, [FailedFile(A.path, "cut short")])
    ledger.committed(0, 3)
    known = ledger.known()
    assert known.holds(A)
    assert not known.holds(replaced(A, A.size))
    assert known.holds(replaced(B, 9))
    assert ledger.failures() == {A.path: "cut short"}


def test_a_file_that_failed_twice_waits_for_a_third_version(ledger: FileLedger) -> None:
    second = replaced(A, 8)
    ledger.discovered([[A]])
    ledger.failed(0, [FailedFile(A.path, "cut short")])
    ledger.discovered([[second]])
    ledger.failed(1, [FailedFile(A.path, "cut short again")])
    known = ledger.known()
    assert known.holds(A)
    assert known.holds(second)
    assert not known.holds(replaced(second, 9))
    assert ledger.failures() == {A.path: "cut short again"}


def test_a_failed_file_that_was_taken_later_is_an_ordinary_one(ledger: FileLedger) -> None:
    ledger.discovered([[A]])
    ledger.failed(0, [FailedFile(A.path, "cut short")])
    ledger.committed(0, 0)
    mended = replaced(A, 8)
    ledger.discovered([[mended]])
    ledger.committed(1, 2)
    assert ledger.failures() == {}
    assert ledger.known().holds(mended)
    assert ledger.known().holds(replaced(mended, 9))


def test_a_file_that_was_gone_is_taken_when_it_is_back_unchanged(ledger: FileLedger) -> None:
    ledger.discovered([[A, B]])
    ledger.failed(0, [FailedFile(A.path, IT_IS_GONE)])
    assert not ledger.known().holds(A)
    assert ledger.known().holds(B)


def test_no_failure_commits_nothing(ledger: FileLedger) -> None:
    before = DeltaTable(ledger.directory / "failures").version()
    ledger.failed(0, [])
    assert DeltaTable(ledger.directory / "failures").version() == before


def test_the_backlog_is_what_comes_after_the_last_commit(ledger: FileLedger) -> None:
    ledger.discovered([[A, B], [C]])
    assert ledger.backlog(None) == Backlog(3, 15, OLDEST)
    ledger.committed(0, 1)
    assert ledger.last_commit() == 0
    assert ledger.backlog(ledger.last_commit()) == Backlog(1, 7, OLDEST)
    ledger.committed(1, 1)
    assert ledger.backlog(ledger.last_commit()) == Backlog(0, 0)


def test_a_number_noted_as_done_is_not_given_to_new_files(ledger: FileLedger) -> None:
    ledger.committed(0, 0)
    ledger.discovered([[A]])
    assert ledger.last_batch() == 1
    assert ledger.backlog(ledger.last_commit()) == Backlog(1, 3, OLDEST)
