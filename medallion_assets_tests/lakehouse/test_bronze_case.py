"""`readerCaseSensitive=false`: a field whose name differs by case only belongs to the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.lakehouse.autoloader.formats import JSON, WrittenFormat, formats
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


@pytest.mark.parametrize("written", formats("new columns"))
def test_names_in_any_case_are_one_column(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, reader_readerCaseSensitive="false")
    written.write(bronze.landing / "a", [{"id": 1, "Name": "ann", "n": 1}])
    bronze.run()
    written.write(bronze.landing / "b", [{"ID": 2, "NAME": "bob", "N": 2}, {"ID": 3, "N": None}])
    # Both spellings: the column's own wins, the other is rescued.
    written.write(bronze.landing / "c", [{"id": 4, "name": "cid", "Name": "own", "n": 4}])
    written.write(bronze.landing / "d", [{"id": 5, "name": "dora", "N": "five", "new": "n"}])
    done = bronze.run()
    assert files_of(done).columns_added == ("new",)
    assert bronze.data() == {
        1: {"id": 1, "Name": "ann", "n": 1, "new": None},
        2: {"id": 2, "Name": "bob", "n": 2, "new": None},
        3: {"id": 3, "Name": None, "n": None, "new": None},
        4: {"id": 4, "Name": "own", "n": 4, "new": None},
        5: {"id": 5, "Name": "dora", "n": None, "new": "n"},
    }
    assert bronze.rescued() == {4: {"name": "cid"}, 5: {"N": "five"}}


def test_another_case_is_no_unknown_field_under_rescue(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(
        lake, spark, "json", reader_readerCaseSensitive="false", schemaEvolutionMode="rescue"
    )
    JSON.write(bronze.landing / "a", [{"id": 1, "n": 1}])
    bronze.run()
    JSON.write(bronze.landing / "b", [{"ID": 2, "N": 2, "new": "n"}, {"id": 3, "N": "x"}])
    bronze.run()
    assert bronze.data() == {key: {"id": key, "n": n} for key, n in ((1, 1), (2, 2), (3, None))}
    assert bronze.rescued() == {2: {"new": "n"}, 3: {"N": "x"}}


@pytest.mark.parametrize("written", formats("nesting"))
def test_names_within_values_are_one_field(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, reader_readerCaseSensitive="false")
    written.write(
        bronze.landing / "a", [{"id": 1, "o": {"x": 1, "in": {"y": "a"}}, "l": [{"z": 1}] * 2}]
    )
    bronze.run()
    written.write(
        bronze.landing / "b", [{"id": 2, "O": {"X": 2, "IN": {"Y": "b"}}, "L": [{"Z": 2}]}]
    )
    bronze.run()
    assert bronze.data()[2] == {"id": 2, "o": {"x": 2, "in": {"y": "b"}}, "l": [{"z": 2}]}
    assert bronze.rescued() == {}
