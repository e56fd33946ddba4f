"""Die before or after each step of a run, run again: table, ledger and directory agree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import cloud_files_state, read_stream
from medallion_assets.lakehouse.autoloader import cleaning
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.reprocess import Wanted
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.bronze import BronzeSink
from medallion_assets.lakehouse.errors import TableLockedError
from medallion_assets.lakehouse.reprocess import reprocess
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake

STEPS = [
    (FileLedger, "discovered"),
    (FileLedger, "attempted"),
    (SchemaLog, "store"),
    (BronzeSink, "write"),
    (FileLedger, "committed"),
    (cleaning, "_clean_one"),
    (FileLedger, "archived"),
]


class ProcessDiedError(BaseException):
    """Stands for the end of the process at that line: nothing in between may catch it."""


def dying(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *, after: bool, call: int
) -> None:
    """Let a function end the process at one of its calls, before or after it did its work."""
    real = getattr(owner, name)
    calls = 0

    def dies(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == call and not after:
            raise ProcessDiedError(name)
        result = real(*args, **kwargs)
        if calls == call:
            raise ProcessDiedError(name)
        return result

    monkeypatch.setattr(owner, name, dies)


def line(**row: object) -> str:
    return json.dumps(row) + "\n"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_whatever_step_the_process_dies_at_the_next_run_completes_it(
    lake: Lake, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    owner: Any, name: str, after: bool,
) -> None:  # fmt: skip
    bronze = LandedBronze.over(
        lake, spark, "json", maxFilesPerTrigger="1",
        **{
            "cleanSource": "MOVE",
            "cleanSource.moveDestination": str(tmp_path / "done"),
            "cleanSource.retentionDuration": "0 seconds",
        },
    )  # fmt: skip
    land(bronze.landing / "1", line(id="a"))
    land(bronze.landing / "2", line(id="b", new="n"), PAST + 1)
    call = 1 if name in ("discovered", "archived") else 2
    with monkeypatch.context() as patched:
        dying(patched, owner, name, after=after, call=call)
        with pytest.raises(ProcessDiedError):
            bronze.run()
    land(bronze.landing / "3", line(id="c"), PAST + 2)
    bronze.run()
    assert bronze.data() == {
        "a": {"id": "a", "new": None}, "b": {"id": "b", "new": "n"}, "c": {"id": "c", "new": None},
    }  # fmt: skip
    states = {
        row["ingestion_state"] for row in cloud_files_state(spark, bronze.checkpoint).collect()
    }
    assert states == {"archived"}
    assert list(bronze.landing.iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "done").iterdir()) == ["1", "2", "3"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_file_taken_again_has_its_rows_once_whenever_the_process_dies(
    lake: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, after: bool
) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    file = land(bronze.landing / "1", line(id="a"))
    bronze.run()
    land(file, line(id="b") + line(id="c"))
    reprocess(bronze.table, lake, Wanted(files=("1",)), owner="a test")
    with monkeypatch.context() as patched:
        dying(patched, BronzeSink, "_remove", after=after, call=1)
        with pytest.raises(ProcessDiedError):
            bronze.run()
    bronze.run()
    assert sorted(bronze.data()) == ["b", "c"]


def test_a_second_loader_on_the_same_checkpoint_is_told_who_holds_it(
    lake: Lake, spark: SparkSession, tmp_path: Path
) -> None:
    land(lake.landing / "1", line(id=1))

    def start() -> Any:
        return (
            read_stream(spark)
            .format("cloudFiles")
            .option("cloudFiles.format", "json")
            .load(str(lake.landing))
            .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(processingTime="1 second")
            .start(str(tmp_path / "table"))
        )

    first = start()
    try:
        second = start()
        with pytest.raises(TableLockedError, match=first.runId):
            second.awaitTermination(60)
        assert first.isActive
    finally:
        first.stop()
