"""A stream that goes on: files are in the table within seconds, until it is stopped."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from medallion_assets import read_stream
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.autoloader.handle import CloudFilesQuery


@pytest.mark.parametrize("notifications", ["true", "false"])
def test_files_are_taken_until_the_stream_is_stopped(
    spark: SparkSession, tmp_path: Path, notifications: str
) -> None:
    def start(**trigger: Any) -> CloudFilesQuery:
        reader: Any = read_stream(spark).format("cloudFiles")
        query: CloudFilesQuery = (
            reader.option("cloudFiles.format", "json")
            .option("cloudFiles.useNotifications", notifications)
            .option("cloudFiles.settleSeconds", "0.1")
            .schema("id bigint")
            .load(str(tmp_path / "not yet there"))
            .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
            .trigger(**trigger)
            .start(str(tmp_path / "table"))
        )
        return query

    def ids() -> list[int]:
        return sorted(DeltaTable(tmp_path / "table").to_pyarrow_table()["id"].to_pylist())

    query = start(processingTime="200 milliseconds")
    for number in range(3):
        land(tmp_path / "not yet there" / f"{number}" / "a", f'{{"id":{number}}}\n', time.time())
        limit = time.monotonic() + 30
        while ids() != list(range(number + 1)):
            assert query.isActive, query.exception()
            assert time.monotonic() < limit
            time.sleep(0.05)
    query.stop()
    assert query.exception() is None
    assert not query.isActive
    land(tmp_path / "not yet there" / "b", '{"id":3}\n', time.time())
    start(availableNow=True).awaitTermination()
    start(availableNow=True).awaitTermination()
    assert ids() == [0, 1, 2, 3]
