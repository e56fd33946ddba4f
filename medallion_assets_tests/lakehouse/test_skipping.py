"""Bounds leave out no row that is joined, and files that hold none are not read."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse import skipping
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.skipping import bounds_of
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import raw, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

UTC = datetime.timezone.utc
VALUES: dict[str, list[Any]] = {
    "bigint": [-(2**62), -1, 0, 7, 2**62, None],
    "date": [datetime.date(1, 1, 1), datetime.date(2026, 3, 29), datetime.date(9999, 1, 1), None],
    "timestamp": [
        # The hour that a clock shows twice, in the time zone in which Python runs.
        *(datetime.datetime(2026, 10, 25, hour, 30, 0, 1, tzinfo=UTC) for hour in (0, 1, 2)),
        datetime.datetime(1955, 1, 1, tzinfo=UTC),
        None,
    ],
    "string": ["", "10", "9", "Z", "a", "ä", "z" * 100, "\U0001f600", None],
    "decimal(38,4)": [Decimal("-12345678901234567890.1234"), Decimal("0.0001"), Decimal(3), None],
}


@pytest.mark.parametrize("kind", VALUES)
def test_every_value_is_within_the_bounds_of_any_values_it_is_among(
    spark: SparkSession, kind: str
) -> None:
    values = VALUES[kind]
    stored = spark.createDataFrame([(value,) for value in values], f"value {kind}")
    pairs = [values[first : first + 2] for first in range(len(values))]
    for among in [values, [None], *pairs]:
        some = spark.createDataFrame([(value,) for value in among], stored.schema)
        within = bounds_of(some, ["value"])["value"].holds(stored.value)
        found = {row.value for row in stored.where(within).collect()}
        expected = {row.value for row in some.collect()}
        assert expected <= found
        ordered = [value for value in expected if value is not None]
        if kind in ("bigint", "date") and ordered:
            inside = {v for v in values if v is not None and min(ordered) <= v <= max(ordered)}
            assert found - {None} == inside


def test_what_statistics_order_otherwise_has_no_bounds(spark: SparkSession) -> None:
    frame = spark.sql("select 1.0D as value, true as flag, array(1) as list, 1 as number")
    assert set(bounds_of(frame, frame.columns)) == {"number"}


def _newest_by_id(name: str) -> SilverTable:
    return SilverTable(
        name=name,
        source=raw(name),
        transform=lambda people: people,
        keys=("id",),
        sequence_by=("version",),
    )


def test_a_merge_rewrites_only_the_files_that_may_hold_its_keys(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _newest_by_id("people")
    source, silver = str(lake.path(table.source)), str(lake.path(table))

    def land(first: int, last: int, version: int) -> None:
        people = spark.range(first, last, 1, 1).selectExpr("id", f"{version} as version")
        people.write.format("delta").mode("append").save(source)
        run(table, lake)

    monkeypatch.setattr(skipping, "WORTH_IT_BYTES", 0)
    written = []
    for hundred in range(5):
        before = lake.log(table).files()
        land(100 * hundred, 100 * hundred + 100, 1)
        written.append(lake.log(table).files() - before)
    before = lake.log(table).files()
    land(250, 260, 2)
    assert before - lake.log(table).files() <= written[2]
    within = bounds_of(spark.range(250, 260).toDF("id"), ["id"])["id"]
    stored = spark.read.format("delta").load(silver)
    read = stored.where(within.holds(stored.id)).inputFiles()
    assert len(read) <= len(written[2]) < len(stored.inputFiles())
    assert {row["id"]: row["version"] for row in rows(lake.path(table))} == {
        number: 2 if 250 <= number < 260 else 1 for number in range(500)
    }


def test_rows_that_come_at_once_are_in_files_of_neighbouring_keys(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _newest_by_id("crowd")
    source = str(lake.path(table.source))

    def land(people: DataFrame, version: int) -> int:
        landed = people.selectExpr("id", f"{version} as version").orderBy("version", "id")
        landed.write.format("delta").mode("append").save(source)
        before = lake.log(table).files()
        run(table, lake)
        return len(before - lake.log(table).files())

    monkeypatch.setattr(skipping, "WORTH_IT_BYTES", 0)
    most = "spark.sql.files.maxRecordsPerFile"
    assert spark.conf.get(most) == "500000"
    spark.conf.set(most, "100")
    try:
        land(spark.range(2000).selectExpr("id * 7 % 2000 as id"), 1)
        assert land(spark.range(700, 720).toDF("id"), 2) <= 4
        # All over: every file is written again, and each has a range of keys as before.
        assert land(spark.range(0, 2200, 20).toDF("id"), 3) >= 20
        assert land(spark.range(1300, 1320).toDF("id"), 4) <= 4
    finally:
        spark.conf.set(most, "500000")
    versions = {row["id"]: row["version"] for row in rows(lake.path(table))}
    assert len(versions) == 2000 + 10
    assert all(versions[number] == 4 for number in range(1300, 1320))
    assert all(versions[number] == 3 for number in range(0, 1300, 20))
    assert all(versions[number] == (2 if number % 20 else 3) for number in range(700, 720))
