"""Tables are clustered as declared, and stay so."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    LandingDirectory,
    OutputMode,
    SilverTable,
    Table,
)
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.delta_rows import append, raw, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

FIELDS = {"id": pa.int64(), "day": pa.int64(), "tags": pa.list_(pa.string())}


def _by_day(rows: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return rows.groupBy("day").agg(F.count("*").alias("rows"))


def _days(keyed: DataFrame) -> DataFrame:
    return _by_day(keyed)


appended = SilverTable(
    name="appended", source=raw("events"), transform=lambda rows: rows, cluster_by=("day", "id")
)
keyed = SilverTable(
    name="keyed",
    source=raw("events"),
    transform=lambda rows: rows,
    keys=("id",),
    sequence_by=("day",),
    cluster_by=("day",),
)
complete = SilverTable(
    name="complete",
    source=raw("events"),
    transform=_by_day,
    output_mode=OutputMode.COMPLETE,
    cluster_by=("day",),
)
days = GoldTable(
    name="days",
    sources={"keyed": keyed},
    group_by={"day": "day"},
    query=_days,
    cluster_by=("day",),
)


def _clustered_by(spark: SparkSession, lake: Lake, table: Table) -> tuple[str, ...]:
    detail = spark.sql(f"describe detail delta.`{lake.path(table)}`")
    return tuple(detail.select("clusteringColumns").collect()[0][0])


@pytest.mark.parametrize("tables", [(appended,), (keyed, days), (complete,)])
def test_a_table_is_clustered_as_declared_after_every_run(
    spark: SparkSession, lake: Lake, tables: tuple[Table, ...]
) -> None:
    for number in range(2):
        event = {"id": number, "day": number, "tags": ["a", None]}
        append(lake.path(keyed.source), [event], FIELDS)
        for table in tables:
            run(table, lake)
            assert _clustered_by(spark, lake, table) == table.cluster_by
    assert len(rows(lake.path(tables[-1]))) == 2


def test_bronze_is_clustered_as_declared(spark: SparkSession, lake: Lake) -> None:
    landed = BronzeTable(
        name="landed", source=LandingDirectory(name="landed", format="json"), cluster_by=("day",)
    )
    for number in range(2):
        land(lake.landing / "landed" / f"{number}.json", f'{{"day": {number}}}\n')
        run(landed, lake)
        assert _clustered_by(spark, lake, landed) == ("day",)
    assert len(rows(lake.path(landed))) == 2


def test_a_clustered_table_may_hold_nulls_as_any_other(spark: SparkSession, lake: Lake) -> None:
    """What `count` gives is never null, nor is an array of numbers; the next query may differ."""
    counted = GoldTable(
        name="counted",
        sources={"keyed": keyed},
        group_by={"day": "day"},
        query=lambda keyed: _by_day(keyed).selectExpr("*", "array(1) as parts"),
        cluster_by=("day",),
    )
    append(lake.path(keyed.source), [{"id": 1, "day": 1, "tags": []}], FIELDS)
    run(keyed, lake)
    run(counted, lake)
    stored = spark.read.format("delta").load(str(lake.path(counted))).schema
    assert [field.nullable for field in stored] == [True, True, True]
    log = json.loads(lake.log(counted).schema())
    assert [field["nullable"] for field in log["fields"]] == [True, True, True]
    assert log["fields"][2]["type"]["containsNull"] is True
