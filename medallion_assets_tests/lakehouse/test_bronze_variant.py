"""`singleVariantColumn`: whole records in one column, and the broken ones beside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets_tests.lakehouse.autoloader.formats import CSV, JSON, XML, WrittenFormat
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake


def records(bronze: LandedBronze) -> list[Any]:
    """The records of the table, which other readers of Delta don't know yet."""
    table = bronze.spark.read.format("delta").load(str(bronze.lake.path(bronze.table)))
    whole = table.where("_corrupt_record is null").selectExpr("to_json(record)").collect()
    return sorted((json.loads(row[0]) for row in whole), key=str)


def corrupt(bronze: LandedBronze) -> list[str]:
    table = bronze.spark.read.format("delta").load(str(bronze.lake.path(bronze.table)))
    return sorted(row[0] for row in table.select("_corrupt_record").dropna().collect())


@pytest.mark.parametrize("written", [JSON, CSV, XML], ids=str)
def test_records_of_any_form_are_in_one_column(
    spark: SparkSession, lake: Lake, written: WrittenFormat
) -> None:
    bronze = LandedBronze.of(written, lake, spark, reader_singleVariantColumn="record")
    first = [{"id": 1, "a": "x"}, {"id": 2, "a": "y"}]
    other = [{"b": 1.5, "id": 3, "A b" if written is not XML else "A": True}]
    written.write(bronze.landing / "day=2026-01-01" / "first [1]", first)
    bronze.run()
    assert bronze.types() == {"record": "variant", "day": "date"}
    written.write(bronze.landing / "day=2026-01-02" / "other", other)
    broken = {
        "json": '{"id": 4,\n', "csv": 'id,a\n5\n', "xml": "<row><id>4</x></row>\n",
    }[written.name]  # fmt: skip
    land(bronze.landing / f"broken{written.suffix}", broken)
    done = bronze.run()
    assert files_of(done).columns_added == ()
    assert records(bronze) == sorted([*first, *other], key=str)
    assert corrupt(bronze) == [broken.splitlines()[-1]]
    assert (done.rows.rescued, done.rows.corrupt, done.rows.conserved) == (0, 1, True)


def test_elements_of_an_array_are_records(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(
        lake, spark, "json", reader_singleVariantColumn="record", reader_multiLine="true"
    )
    land(bronze.landing / "a.json", json.dumps([{"id": 1}, {"id": "x", "l": [1]}, 5], indent=1))
    land(bronze.landing / "b.json", '{"id": 2}\n{"id": 3}')
    bronze.run()
    assert records(bronze) == sorted([{"id": 1}, {"id": "x", "l": [1]}, 5], key=str)
    assert corrupt(bronze) == ['{"id": 2}\n{"id": 3}']
