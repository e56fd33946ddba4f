from __future__ import annotations

import json
import shutil
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.autoloader.ingest import Decoded, Ingest
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.bronze import BronzeSink
from medallion_assets.lakehouse.materialization import FailedFile, Rows
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.lakehouse.streams.trigger import ONCE
from medallion_assets.lakehouse.tables import LandingDirectory
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, seen
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


class ProcessDiedError(Exception):
    """Stands for the end of the process at that line."""


def drop(bronze: LandedBronze, *numbers: int) -> None:
    for number in numbers:
        land(bronze.landing / f"{number:03}", json.dumps({"id": number}) + "\n", PAST + number)


def batches(bronze: LandedBronze) -> dict[int, int]:
    return {row["id"]: row["_batch"] for row in bronze.rows()}


def transaction(bronze: LandedBronze) -> int | None:
    stream = json.loads((bronze.checkpoint / "_stream.json").read_text())["id"]
    return bronze.lake.log(bronze.table).transaction_version(stream)


def ledger(bronze: LandedBronze) -> FileLedger:
    return FileLedger(ledger_directory(bronze.checkpoint))


def test_limits_make_micro_batches_and_once_makes_one(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(
        lake, spark, "json", maxFilesPerTrigger="2", maxBytesPerTrigger="20b"
    )
    drop(bronze, 1, 2, 3)
    # 9 bytes each; the fourth is larger than the limit and goes alone.
    land(bronze.landing / "004", json.dumps({"id": 4, "text": "x" * 30}) + "\n", PAST + 4)
    drop(bronze, 5)
    done = bronze.run()
    assert batches(bronze) == {1: 0, 2: 0, 3: 1, 4: 2, 5: 3}
    assert (done.batches, done.rows.written, files_of(done).taken_count) == (4, 5, 5)
    assert files_of(done).columns_added == ("text",)
    assert transaction(bronze) == ledger(bronze).last_commit() == 3

    drop(bronze, 6, 7, 8)
    done = bronze.run(ONCE)
    assert Counter(batches(bronze).values()) == {0: 2, 1: 1, 2: 1, 3: 1, 4: 3}
    assert (done.batches, files_of(done).backlog_files) == (1, 0)
    assert transaction(bronze) == 4


def test_a_run_that_dies_between_micro_batches_is_continued(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", maxFilesPerTrigger="1")
    drop(bronze, 1, 2, 3)
    commit = FileLedger.committed

    def dies(self: FileLedger, batch: int, rows: int) -> None:
        if batch == 1:
            raise ProcessDiedError("the process is killed after the target's commit")
        commit(self, batch, rows)

    with monkeypatch.context() as patched:
        patched.setattr(FileLedger, "committed", dies)
        with pytest.raises(ProcessDiedError):
            bronze.run()
    assert batches(bronze) == {1: 0, 2: 1}
    assert ledger(bronze).last_commit() == 0
    drop(bronze, 4)
    done = bronze.run()
    assert batches(bronze) == {1: 0, 2: 1, 3: 2, 4: 3}
    assert (done.batches, files_of(done).taken_count) == (2, 2)
    assert ledger(bronze).last_commit() == transaction(bronze) == 3


def test_the_target_says_what_is_done_when_ledger_and_checkpoint_forgot(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", maxFilesPerTrigger="1")
    drop(bronze, 1, 2)
    bronze.run()
    shutil.rmtree(ledger(bronze).directory / "commits")
    for forgotten in ("offsets", "commits", "sources"):
        shutil.rmtree(bronze.checkpoint / forgotten, ignore_errors=True)
    version = lake.log(bronze.table).version()
    done = bronze.run(after_discovery=lambda: pytest.fail("a session for nothing new"))
    assert (done.batches, lake.log(bronze.table).version()) == (0, version)
    assert ledger(bronze).last_commit() == 1
    drop(bronze, 3)
    bronze.run()
    assert batches(bronze) == {1: 0, 2: 1, 3: 2}


@pytest.mark.timeout(300)
def test_a_micro_batch_written_again_adds_nothing(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    drop(bronze, 1, 2)
    bronze.run()
    stream = json.loads((bronze.checkpoint / "_stream.json").read_text())["id"]
    sink = BronzeSink(lake.path(bronze.table), "bronze.landed")
    source = bronze.table.source
    assert isinstance(source, LandingDirectory)
    ingest = Ingest(
        bronze.landing, source.cloud_files_options(), None,
        SchemaLog(bronze.checkpoint),
    )  # fmt: skip
    written: list[Rows] = []

    def write(decoded: Decoded, _: Sequence[FailedFile]) -> None:
        written.append(sink.write(decoded, stream, 0, ()))

    version = lake.log(bronze.table).version()
    ingest.batch(spark, [seen(path) for path in bronze.landing.iterdir()], write)
    assert batches(bronze) == {1: 0, 2: 0}
    assert lake.log(bronze.table).version() == version
    assert len(written) == 1


def test_failures_are_known_even_when_the_process_dies_right_after_the_commit(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    bronze = LandedBronze.over(lake, spark, "csv")
    land(bronze.landing / "good", "id\n1\n")
    bad = land(bronze.landing / "bad.gz", "this is not gzip")

    def dies(self: FileLedger, batch: int, rows: int) -> None:
        raise ProcessDiedError(f"the process is killed: {self.directory} {batch} {rows}")

    with monkeypatch.context() as patched:
        patched.setattr(FileLedger, "committed", dies)
        with pytest.raises(ProcessDiedError):
            bronze.run()
    bronze.run()
    assert set(bronze.data()) == {1}
    assert set(ledger(bronze).failures()) == {str(bad)}


def test_only_files_from_after_the_first_start(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json", includeExistingFiles="false")
    drop(bronze, 1, 2)
    assert bronze.run().batches == 0
    drop(bronze, 3)
    done = bronze.run()
    assert set(bronze.data()) == {3}
    assert files_of(done).taken == (str(bronze.landing / "003"),)


def test_the_ledger_is_compacted_under_a_stream_that_goes_on(
    lake: Lake, spark: SparkSession
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", schema="id bigint", maxFilesPerTrigger="1")
    ledger = FileLedger(ledger_directory(bronze.checkpoint))

    def entries() -> tuple[object, ...]:
        return ledger.last_batch(), ledger.last_commit(), ledger.batch(1), ledger.known().keys

    drop(bronze, 1, 2, 3)
    bronze.run()
    before = entries()
    assert ledger.compact(beyond=1)
    assert not ledger.compact(beyond=1)
    assert entries() == before
    assert bronze.run().batches == 0
    drop(bronze, 4, 5)
    assert bronze.run().batches == 2
    assert ledger.compact(beyond=1)
    drop(bronze, 6)
    assert bronze.run().batches == 1
    assert batches(bronze) == {1: 0, 2: 1, 3: 2, 4: 3, 5: 4, 6: 5}
