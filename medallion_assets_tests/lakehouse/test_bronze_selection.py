"""Which files of a landing directory reach the table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

from medallion_assets import read_stream
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def drop(directory: Path, *names: str) -> None:
    for number, name in enumerate(names):
        land(directory / name, f'{{"id":{number}}}\n')


def test_a_glob_in_the_path_to_load(spark: SparkSession, tmp_path: Path) -> None:
    drop(tmp_path / "in", "eu/day=1/a.json", "us/day=2/b.json", "us/day=2/c.csv", "asia/d.json")
    query = (
        read_stream(spark)
        .format("cloudFiles")
        .option("cloudFiles.format", "json")
        .option("cloudFiles.settleSeconds", "0")
        .option("pathGlobFilter", "*.json")
        .load(f"{tmp_path}/in/{{eu,us}}/day*/")
        .writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
        .trigger(availableNow=True)
        .start(str(tmp_path / "table"))
    )
    query.awaitTermination()
    rows = DeltaTable(tmp_path / "table").to_pyarrow_table().select(["id", "day"]).to_pylist()
    assert {row["id"]: row["day"] for row in rows} == {"0": "1", "1": "2"}


@pytest.mark.parametrize(
    ("options", "columns"),
    [
        ({}, {"id", "day"}),
        ({"reader_recursiveFileLookup": "true"}, {"id"}),
        ({"reader_recursiveFileLookup": "true", "partitionColumns": "day"}, {"id", "day"}),
    ],
)
def test_recursive_lookup_makes_no_columns_of_directories(
    spark: SparkSession, lake: Lake, options: dict[str, str], columns: set[str]
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", **options)
    drop(bronze.landing, "day=1/a.json")
    bronze.run()
    assert set(bronze.types()) == columns


def test_what_can_not_be_read_stops_nothing_and_is_told(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    drop(bronze.landing, "a.json", "z/b.json")
    (bronze.landing / "round.json").symlink_to("round.json")
    done = files_of(bronze.run())
    assert set(bronze.data()) == {0, 1}
    assert [file.path for file in done.failed] == [str(bronze.landing / "round.json")]
    assert done.taken_count == 2
