"""What a stream of one's own sees of records that can't be parsed, and under which name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import read_stream
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

MALFORMED = '{"id": 2,'


def loaded(
    spark: SparkSession, directory: Path, schema: str | None = None, **options: str
) -> DataFrame:
    """The rows of the landing directory in a table."""
    land(directory / "landing" / "a.json", f'{{"id": 1, "_bad": "own"}}\n{MALFORMED}\n')
    reader = read_stream(spark).format("cloudFiles").option("cloudFiles.format", "json")
    if schema is not None:
        reader = reader.schema(schema)
    for name, value in options.items():
        reader = reader.option(name.replace("_", ".", 1), value)
    query = (
        reader.load(str(directory / "landing"))
        .writeStream.option("checkpointLocation", str(directory / "checkpoint"))
        .trigger(availableNow=True)
        .start(str(directory / "table"))
    )
    query.awaitTermination()
    return spark.read.format("delta").load(str(directory / "table"))


def rescued(row: Any) -> dict[str, Any]:
    values = json.loads(row["_rescued_data"] or "{}")
    values.pop("_file_path", None)
    return dict(values)


def test_without_a_column_of_their_own_they_are_rescued(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = loaded(spark, tmp_path)
    assert table.columns == ["_bad", "id", "_rescued_data"]
    good, bad = sorted(table.collect(), key=lambda row: row["id"] or "z")
    assert (good["id"], good["_bad"], rescued(good)) == ("1", "own", {})
    assert rescued(bad) == {"_corrupt_record": MALFORMED}


@pytest.mark.parametrize("given", ["schema", "hints"])
@pytest.mark.parametrize("name", ["_corrupt_record", "_bad"])
def test_they_have_the_column_that_is_asked_for(
    spark: SparkSession, tmp_path: Path, given: str, name: str
) -> None:
    options = {} if name == "_corrupt_record" else {"columnNameOfCorruptRecord": name}
    if given == "schema":
        table = loaded(
            spark, tmp_path, f"id string, {name} string", rescuedDataColumn="_rescued_data",
            **options,
        )  # fmt: skip
    else:
        table = loaded(spark, tmp_path, cloudFiles_schemaHints=f"{name} string", **options)
    good, bad = sorted(table.collect(), key=lambda row: row["id"] or "z")
    assert table.columns.count(name) == 1
    assert (good["id"], good[name]) == ("1", None)
    assert (bad["id"], bad[name]) == (None, MALFORMED)
    # A field of the file by that name has no place.
    own = {"_bad": "own"} if name == "_bad" or given == "schema" else {}
    assert rescued(good) == own
