"""A query runs as its trigger says, stops when it is asked to, and loses nothing by it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.errors import CheckpointInUseError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW, ONCE, processing_time
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, commits, no_session, raw, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.usefixtures("spark")

source = raw("events")
FIELDS = {"id": pa.int64()}
copy = SilverTable(name="copy", source=source, transform=lambda events: events)


def land(lake: Lake, *ids: int) -> None:
    append(lake.path(source), [{"id": key} for key in ids], FIELDS)


def found(lake: Lake) -> list[int]:
    return sorted(row["id"] for row in rows(lake.path(copy)))


def test_available_now_and_once_take_all_there_is_and_end(lake: Lake) -> None:
    land(lake, 1)
    land(lake, 2)
    assert run(copy, lake, trigger=ONCE).batches == 1
    assert found(lake) == [1, 2]
    land(lake, 3)
    land(lake, 4)
    done = run(copy, lake, trigger=AVAILABLE_NOW)
    assert done.rows.read == 2
    assert found(lake) == [1, 2, 3, 4]
    version = commits(lake, copy)
    for trigger in (ONCE, AVAILABLE_NOW):
        assert run(copy, lake, session=no_session, trigger=trigger).batches == 0
    assert commits(lake, copy) == version


def test_processing_time_takes_what_comes_until_it_is_stopped(
    spark: SparkSession, lake: Lake
) -> None:
    land(lake, 1)
    seen: list[str] = []

    def progress(line: str) -> None:
        seen.append(line)
        if len(seen) < 3:
            land(lake, 10 * len(seen))

    done = run(
        copy,
        lake,
        trigger=processing_time("100 milliseconds"),
        progress=progress,
        stop_requested=lambda: len(seen) == 3,
    )
    assert done.batches == 3
    assert found(lake) == [1, 10, 20]
    assert not spark.streams.active
    land(lake, 30)
    run(copy, lake)
    assert found(lake) == [1, 10, 20, 30]


def test_what_a_stopped_run_left_is_taken_by_the_next(spark: SparkSession, lake: Lake) -> None:
    land(lake, 1, 2, 3)
    stopped = run(copy, lake, stop_requested=lambda: True)
    assert not spark.streams.active
    assert stopped.batches in (0, 1)
    run(copy, lake)
    assert found(lake) == [1, 2, 3]


def test_an_error_in_a_micro_batch_comes_back_as_itself_and_the_next_run_goes_on(
    spark: SparkSession, lake: Lake
) -> None:
    land(lake, 1)

    def broken(_: str) -> None:
        raise ConnectionError("nobody listens")

    with pytest.raises(ConnectionError, match="nobody listens"):
        run(copy, lake, progress=broken)
    assert not spark.streams.active
    run(copy, lake)
    assert found(lake) == [1]


def test_new_columns_reach_the_table_appended_and_merged(lake: Lake) -> None:
    merged = SilverTable(
        name="merged",
        source=source,
        transform=lambda events: events,
        keys=("id",),
        sequence_by=("at",),
    )
    old = {"id": pa.int64(), "at": pa.int64()}
    append(lake.path(source), [{"id": 1, "at": 1}, {"id": 2, "at": 1}], old)
    run(copy, lake)
    run(merged, lake)
    # The old columns once more, and the new one, with nothing taken in between.
    append(lake.path(source), [{"id": 3, "at": 1}], old)
    append(
        lake.path(source),
        [{"id": 2, "at": 2, "note": "changed"}, {"id": 4, "at": 1, "note": "new"}],
        {**old, "note": pa.string()},
    )
    run(copy, lake)
    run(merged, lake)
    newest = {1: (1, None), 2: (2, "changed"), 3: (1, None), 4: (1, "new")}
    assert {r["id"]: (r["at"], r["note"]) for r in rows(lake.path(merged))} == newest
    everything = [(1, 1, None), (2, 1, None), (2, 2, "changed"), (3, 1, None), (4, 1, "new")]
    stored = [(r["id"], r["at"], r["note"]) for r in rows(lake.path(copy))]
    assert sorted(stored, key=repr) == everything


def test_a_stream_with_another_source_does_not_get_the_checkpoint(lake: Lake) -> None:
    land(lake, 1)
    run(copy, lake)
    elsewhere = replace(copy, source=raw("others"))
    append(lake.path(elsewhere.source), [{"id": 9}], FIELDS)
    with pytest.raises(CheckpointInUseError) as caught:
        run(elsewhere, lake)
    for part in (source.full_name, elsewhere.source.full_name, copy.full_name):
        assert part in str(caught.value)
    assert found(lake) == [1]


def test_a_lake_that_was_moved_keeps_its_streams(lake: Lake) -> None:
    land(lake, 1)
    run(copy, lake)
    moved = Lake(lake.root.rename(lake.root.with_name("moved")), lake.landing)
    assert run(copy, moved, session=no_session).batches == 0
    land(moved, 2)
    run(copy, moved)
    assert found(moved) == [1, 2]


def test_a_source_that_is_not_there_yet_is_nothing_new(lake: Lake) -> None:
    assert run(copy, lake, session=no_session).batches == 0
    assert not lake.stream_directory(copy).exists()


def test_a_transform_of_a_stream_gets_a_streaming_frame(lake: Lake) -> None:
    streaming: list[bool] = []

    def transform(events: DataFrame) -> DataFrame:
        streaming.append(events.isStreaming)
        return events

    land(lake, 1)
    run(SilverTable(name="copy", source=source, transform=transform), lake)
    assert set(streaming) == {True}


def test_checkpoints_of_a_lake_are_apart(lake: Lake) -> None:
    other = replace(copy, name="other")
    directories: set[Path] = {lake.stream_directory(copy), lake.stream_directory(other)}
    assert len(directories) == 2


class RunCancelled(BaseException):
    """What an orchestrator raises out of its signal handler, as Dagster does."""


class InterruptedStream:
    """What a connection reads from; the first read is interrupted, the answer still to come."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self._interrupted = False

    def readline(self) -> Any:
        if not self._interrupted:
            self._interrupted = True
            raise RunCancelled
        return self._real.readline()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_an_interrupt_while_the_jvm_is_asked_leaves_no_answer_behind(
    spark: SparkSession, lake: Lake
) -> None:
    land(lake, 1)

    def interrupt_the_next_call() -> bool:
        gateway = spark.sparkContext._gateway
        assert gateway is not None
        connection = gateway._gateway_client.get_thread_connection()
        connection.stream = InterruptedStream(connection.stream)
        return False

    try:
        run(
            copy,
            lake,
            trigger=processing_time("100 milliseconds"),
            stop_requested=interrupt_the_next_call,
        )
    except RunCancelled:
        # While the interrupt is handled, its frames hold on to the connection it came through.
        answers = spark.range(7).count(), spark.streams.active
    else:
        pytest.fail("the interrupt was lost")
    assert answers == (7, [])
    run(copy, lake)
    assert found(lake) == [1]
