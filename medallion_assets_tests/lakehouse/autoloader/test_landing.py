from __future__ import annotations

import time
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.landing import LandingState, look
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, seen

OPTIONS = CloudFilesOptions(format="json", settle_seconds=5.0)


@pytest.fixture
def ledger(tmp_path: Path) -> FileLedger:
    ledger = FileLedger(ledger_directory(tmp_path / "checkpoint"))
    ledger.create()
    return ledger


def look_at(
    tmp_path: Path, budget_seconds: float = 60.0, resume_after: str | None = None
) -> LandingState:
    return look(
        tmp_path / "landing", tmp_path / "checkpoint", OPTIONS,
        budget_seconds=budget_seconds, resume_after=resume_after,
    )  # fmt: skip


def test_before_the_first_run_everything_whole_is_new(tmp_path: Path) -> None:
    now = time.time()
    land(tmp_path / "landing" / "a", "12345", now - 100)
    land(tmp_path / "landing" / "sub" / "b", "123", now - 50)
    land(tmp_path / "landing" / "young", "1", now)
    land(tmp_path / "landing" / "_hidden", "1", now - 50)
    state = look_at(tmp_path)
    assert (state.listed, state.new_files, state.new_bytes, state.unsettled) == (3, 2, 8, 1)
    assert state.oldest_new_age_seconds == pytest.approx(100, abs=30)
    assert (state.ledger_version, state.failed_files, state.resume_after) == ("none", 0, None)


def test_a_missing_directory_holds_nothing(tmp_path: Path) -> None:
    assert look_at(tmp_path) == LandingState(0, 0, 0, 0, None, "none", 0, None)


def test_taken_files_are_not_new_and_discovered_ones_still_are(
    tmp_path: Path, ledger: FileLedger
) -> None:
    files = [seen(land(tmp_path / "landing" / name, name * 10)) for name in "abcd"]
    ledger.discovered([files[:1], files[1:3]])
    ledger.committed(0, 1)
    state = look_at(tmp_path)
    # b and c are discovered and wait for their run, d is not discovered yet.
    assert (state.listed, state.new_files, state.new_bytes) == (4, 3, 30)
    assert state.ledger_version == str(ledger.version())
    assert state.oldest_new_age_seconds == pytest.approx(time.time() - PAST, abs=30)
    land(tmp_path / "landing" / "d", "d" * 10, PAST + 1_000_000)
    ledger.committed(1, 2)
    state = look_at(tmp_path)
    assert (state.new_files, state.new_bytes) == (1, 10)
    assert state.oldest_new_age_seconds == pytest.approx(time.time() - PAST - 1_000_000, abs=30)


def test_a_failed_file_counts_as_failed_until_it_is_replaced(
    tmp_path: Path, ledger: FileLedger
) -> None:
    path = tmp_path / "landing" / "a"
    ledger.discovered([[seen(land(path, "bad"))]])
    ledger.failed(0, [FailedFile(str(path), "cut short")])
    ledger.committed(0, 0)
    assert (look_at(tmp_path).new_files, look_at(tmp_path).failed_files) == (0, 1)
    mended = seen(land(path, "good", path.stat().st_mtime + 10))
    assert (look_at(tmp_path).new_files, look_at(tmp_path).failed_files) == (1, 1)
    ledger.discovered([[mended]])
    ledger.committed(1, 1)
    assert (look_at(tmp_path).new_files, look_at(tmp_path).failed_files) == (0, 0)


def test_looks_that_are_broken_off_see_everything_together(
    tmp_path: Path, ledger: FileLedger
) -> None:
    names = ["x", "a/x", "a/a/x", "a-b/x", "a b/x", "z/1", "z/2"]
    for name in names:
        land(tmp_path / "landing" / name)
    ledger.discovered([[seen(tmp_path / "landing" / "a" / "x")]])
    ledger.committed(0, 1)
    states = [look_at(tmp_path, budget_seconds=0.0)]
    while states[-1].resume_after is not None:
        assert len(states) < 10, "the looks do not advance"
        states.append(look_at(tmp_path, 0.0, states[-1].resume_after))
    # Within a directory there is no position to go on from: one look for each directory.
    assert [state.listed for state in states] == [1, 1, 1, 1, 1, 2]
    assert sum(state.new_files for state in states) == len(names) - 1


def test_a_look_at_many_known_files_reads_the_ledger_once(
    tmp_path: Path, ledger: FileLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost is one read of each ledger table and one pass over the listing."""
    known = [seen(land(tmp_path / "landing" / f"{number:06}")) for number in range(2_000)]
    ledger.discovered([known])
    ledger.committed(0, 2_000)
    land(tmp_path / "landing" / "new", "12345")
    reads: list[tuple[str, int]] = []
    read = FileLedger._read

    def counting(
        self: FileLedger, name: str, columns: list[str], batch: int | None = None
    ) -> object:
        rows = read(self, name, columns, batch)
        reads.append((name, 0 if rows is None else rows.num_rows))
        return rows

    monkeypatch.setattr(FileLedger, "_read", counting)
    state = look_at(tmp_path)
    assert (state.listed, state.new_files, state.new_bytes) == (2_001, 1, 5)
    assert [name for name, rows in reads if rows >= 2_000] == ["files", "files"]
    assert len(reads) <= 6


def test_what_can_not_be_looked_at_counts_as_failed(tmp_path: Path) -> None:
    land(tmp_path / "landing" / "a")
    (tmp_path / "landing" / "round").symlink_to(tmp_path / "landing" / "round")
    state = look_at(tmp_path)
    assert (state.listed, state.new_files, state.failed_files) == (2, 1, 1)
