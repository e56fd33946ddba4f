from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.stream import Discovered, FileStream, Progress
from medallion_assets.lakehouse.errors import CheckpointInUseError, LostStateError
from medallion_assets.lakehouse.materialization import Rows
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded


@dataclass
class Target:
    """A target of which only its last micro-batch is looked at."""

    name: str = "target"
    last: int | None = None
    filled: bool = False

    def committed(self, stream: str) -> int | None:
        assert stream.startswith("stream-")
        return self.last

    def write(self, decoded: Decoded, stream: str, batch: int, replaced: Sequence[str]) -> Rows:
        raise AssertionError(f"{decoded} of {stream} {batch}: nothing is to be written here")


def no_session() -> SparkSession:
    raise AssertionError("nothing is new: no session is needed")


def run(stream: FileStream, target: Target) -> Progress:
    return stream.run(no_session, target, AVAILABLE_NOW, print)


@pytest.fixture
def landing(tmp_path: Path) -> Path:
    return tmp_path / "landing"


def stream_over(landing: Path, **options: str) -> FileStream:
    given = {"cloudFiles.format": "json", "cloudFiles.settleSeconds": "0"}
    given |= {f"cloudFiles.{name}": value for name, value in options.items()}
    return FileStream(
        landing, CloudFilesOptions.parse(given, has_schema=False), landing.parent / "checkpoint"
    )


def batches(stream: FileStream) -> list[list[str]]:
    last = stream.ledger.last_batch()
    return [
        sorted(os.path.relpath(file.path, stream.directory) for file in stream.ledger.batch(number))
        for number in range(0 if last is None else last + 1)
    ]


def test_discovery_cuts_new_files_from_old_to_young(landing: Path) -> None:
    for name, modified, size in [("c", 3, 1), ("b/x", 2, 1), ("a", 1, 9), ("d", 4, 1), ("e", 5, 1)]:
        land(landing / name, "x" * size, PAST + modified)
    stream = stream_over(landing, maxFilesPerTrigger="2", maxBytesPerTrigger="5b")
    stream.ledger.create()
    assert stream.discover().batches == 3
    assert batches(stream) == [["a"], ["b/x", "c"], ["d", "e"]]
    assert stream.discover().batches == 0
    land(landing / "f", "x", PAST)
    assert stream.discover().batches == 1
    assert batches(stream)[3:] == [["f"]]


def test_all_at_once_makes_one_micro_batch_whatever_the_limits(landing: Path) -> None:
    for name in "abc":
        land(landing / name)
    stream = stream_over(landing, maxFilesPerTrigger="1", maxBytesPerTrigger="1b")
    stream.ledger.create()
    assert stream.discover(all_at_once=True).batches == 1
    assert batches(stream) == [["a", "b", "c"]]
    version = stream.ledger.version()
    assert stream.discover(all_at_once=True).batches == 0
    assert stream.ledger.version() == version


def test_a_file_still_being_written_is_left_for_the_next_run(landing: Path) -> None:
    stream = stream_over(landing, settleSeconds="0.3")
    stream.ledger.create()
    land(landing / "old")
    growing = landing / "growing"
    stop = threading.Event()

    def write_on() -> None:
        with growing.open("ab") as file:
            while not stop.wait(0.01):
                file.write(b"x")
                file.flush()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        while not growing.exists() or not growing.stat().st_size:
            time.sleep(0.01)
        assert stream.discover().batches == 1
        assert batches(stream) == [["old"]]
    finally:
        stop.set()
        writer.join()
    assert stream.discover().batches == 1
    assert batches(stream)[1:] == [["growing"]]


def test_a_process_that_died_before_the_ledgers_commit_is_caught_up_with(landing: Path) -> None:
    for name in "abc":
        land(landing / name)
    stream = stream_over(landing, maxFilesPerTrigger="1")
    stream.ledger.create()
    stream.discover()
    stream.ledger.committed(0, 0)
    # Micro-batches 1 and 2 are in the target; the process died before it could note them.
    progress = run(stream, Target(last=2))
    assert progress.batches == 0
    assert stream.ledger.last_commit() == 2
    assert stream.files(progress, stream.ledger.last_commit()).backlog_files == 0


@pytest.mark.parametrize(
    ("noted", "in_target", "position"), [([], None, -1), ([0], None, 0), ([0], 0, 0), ([], 1, 1)]
)
def test_the_position_is_the_further_of_target_and_ledger(
    landing: Path, noted: list[int], in_target: int | None, position: int
) -> None:
    stream = stream_over(landing)
    stream.ledger.create()
    for number in noted:
        stream.ledger.committed(number, 0)
    assert stream.position(Target(last=in_target), "stream-1") == position
    assert stream.ledger.last_commit() == (None if position < 0 else position)


def test_what_can_not_be_looked_at_is_in_the_runs_failed_files(landing: Path) -> None:
    stream = stream_over(landing, includeExistingFiles="false")
    run(stream, Target())
    land(landing / "a")
    (landing / "sub").mkdir()
    (landing / "sub" / "round").symlink_to(landing / "sub" / "round")
    with pytest.raises(AssertionError, match="no session is needed"):
        run(stream, Target())
    assert batches(stream)[-1] == ["a"]
    stream.ledger.committed(1, 0)
    for _ in range(2):
        progress = run(stream, Target())
        (failed,) = stream.files(progress, stream.ledger.last_commit()).failed
        assert failed.path == str(landing / "sub" / "round")
        assert "Too many levels of symbolic links" in failed.reason
    (landing / "sub" / "round").unlink()
    land(landing / "sub" / "round")
    assert stream.discover() == Discovered(1)


def test_what_is_not_selected_has_no_entry_and_is_taken_once_it_is(landing: Path) -> None:
    for name in ("2025/a.json", "2026/a.json", "2026/b.csv"):
        land(landing / name)
    everything = stream_over(landing)
    everything.ledger.create()
    chosen = CloudFilesOptions.parse(
        {"cloudFiles.format": "json", "pathGlobFilter": "*.json"}, has_schema=False
    )
    some = replace(everything, options=chosen, pattern=f"{landing}/2026*")
    assert some.discover() == Discovered(1)
    assert batches(some) == [["2026/a.json"]]
    assert everything.discover() == Discovered(1)
    assert batches(everything)[1:] == [["2025/a.json", "2026/b.csv"]]


def test_a_checkpoint_belongs_to_one_pattern(landing: Path) -> None:
    stream = replace(stream_over(landing), pattern=f"{landing}/a*")
    run(stream, Target())
    with pytest.raises(CheckpointInUseError, match="the source"):
        run(replace(stream, pattern=f"{landing}/b*"), Target())


def test_a_change_is_taken_where_overwrites_are_allowed(landing: Path) -> None:
    land(landing / "a", "1")
    land(landing / "b", "1")
    kept, followed = stream_over(landing), stream_over(landing, allowOverwrites="true")
    followed = replace(followed, checkpoint=landing.parent / "other")
    for stream in (kept, followed):
        stream.ledger.create()
        stream.discover()
    land(landing / "a", "22", PAST + 1)
    assert kept.discover() == Discovered(0)
    assert followed.discover() == Discovered(1)
    assert followed.discover() == Discovered(0)
    assert batches(followed) == [["a", "b"], ["a"]]
    assert [file.size for file in followed.ledger.batch(1)] == [2]


def test_nothing_new_needs_no_session(landing: Path) -> None:
    assert run(stream_over(landing), Target()) == Progress()


@pytest.mark.parametrize("existing", [["a", "sub/b"], []])
def test_without_existing_files_only_later_ones_are_taken(
    landing: Path, existing: list[str]
) -> None:
    for name in existing:
        land(landing / name)
    stream = stream_over(landing, includeExistingFiles="false")
    assert run(stream, Target()) == Progress()
    assert run(stream, Target()) == Progress()
    land(landing / "new")
    with pytest.raises(AssertionError, match="no session is needed"):
        run(stream, Target())
    assert stream.ledger.backlog(stream.ledger.last_commit()).files == 1
    assert batches(stream)[-1] == ["new"]


def test_a_crash_while_skipping_existing_files_takes_none_of_them(landing: Path) -> None:
    land(landing / "old")
    stream = stream_over(landing, includeExistingFiles="false")
    stream.ledger.create()
    stream.ledger.committed(0, 0)
    assert run(stream, Target()) == Progress()
    assert stream.ledger.backlog(stream.ledger.last_commit()).files == 0


def test_a_checkpoint_serves_one_source_and_one_target(landing: Path) -> None:
    stream = stream_over(landing)
    run(stream, Target())
    with pytest.raises(CheckpointInUseError, match="checkpoint of its own"):
        run(stream, Target(name="another"))
    other = FileStream(landing / "other", stream.options, stream.checkpoint)
    with pytest.raises(CheckpointInUseError, match="the source"):
        run(other, Target())


def test_a_filled_target_without_its_checkpoint_is_not_filled_again(landing: Path) -> None:
    stream = stream_over(landing)
    with pytest.raises(LostStateError, match=r"Restore that directory.*medallion rebuild"):
        run(stream, Target(name="bronze.orders", filled=True))
    assert not (stream.checkpoint / "_stream.json").exists()
    run(stream, Target(name="bronze.orders"))
    run(stream, Target(name="bronze.orders", filled=True))


def test_a_schema_that_is_gone_is_not_inferred_anew(landing: Path) -> None:
    stream = stream_over(landing)
    run(stream, Target())
    stream.ledger.committed(0, 3)
    with pytest.raises(LostStateError, match="_schemas is empty"):
        run(stream, Target())
