"""Silver and gold whose rows come with other types than the table has: no value is bent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import gold, whole_gold
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TypeDriftError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import GoldTable, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, raw, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

pytestmark = pytest.mark.usefixtures("spark")

source = raw("readings")
FIELDS = {"id": pa.int32(), "level": pa.string(), "seq": pa.int32(), "op": pa.string()}


def _as(kind: str) -> Any:
    """A transform that gives the level another type, as one may after an edit."""
    return lambda rows: rows.selectExpr(
        "id", f"cast(level as {kind}) as level", "seq as _seq", "op as _op"
    )


APPENDED = SilverTable(
    name="readings",
    source=source,
    transform=_as("int"),
    expectations=(expect_or_quarantine("known", "_op != 'bad'"),),
)
MERGED = replace(APPENDED, keys=("id",), sequence_by=("_seq",), apply_as_deletes="_op = 'd'")
TABLES = {
    "appended": APPENDED,
    "merged": MERGED,
    "without deletes": replace(MERGED, apply_as_deletes=None),
    "with history": replace(MERGED, stored_as_scd_type=2),
}


def land(lake: Lake, *rows: tuple[int, str, int, str]) -> None:
    append(lake.path(source), [dict(zip(FIELDS, row, strict=True)) for row in rows], FIELDS)


@contextmanager
def nothing_written(lake: Lake) -> Iterator[None]:
    def versions() -> dict[str, int]:
        logs = [log.parent for log in lake.root.rglob("_delta_log")]
        return {str(path): DeltaLog(path).version_number() for path in logs}

    before = versions()
    yield
    assert versions() == before


def held(spark: SparkSession, lake: Lake, table: SilverTable | GoldTable) -> DataFrame:
    return spark.read.format("delta").load(str(lake.path(table)))


@pytest.mark.parametrize("kind", TABLES)
def test_a_silver_table_holds_what_fits_and_refuses_the_rest(
    spark: SparkSession, lake: Lake, kind: str
) -> None:
    table = TABLES[kind]
    land(lake, (1, "5", 1, "c"), (2, "6", 1, "c"), (3, "7", 1, "bad"))
    run(table, lake)
    drifted = replace(table, transform=_as("double"))
    land(lake, (1, "8.0", 2, "u"), (4, "9.0", 2, "bad"))
    run(drifted, lake)
    found = held(spark, lake, table)
    assert dict(found.dtypes)["level"] == "int"
    assert 8 in [row.level for row in found.collect()]
    land(lake, (1, "1.7", 3, "u"), (5, "2.0", 3, "bad"))
    with nothing_written(lake), pytest.raises(TypeDriftError) as raised:
        run(drifted, lake)
    told = str(raised.value)
    assert told.startswith("silver.readings: the column level is int")
    assert '"level":1.7' in told
    assert "medallion rebuild silver.readings" in told
    assert held(spark, lake, table).where("level = 1").isEmpty()
    # What could not be written waits: mended, the same rows are taken.
    run(replace(table, transform=_as("decimal(3,0)")), lake)
    assert not held(spark, lake, table).where("level = 2").isEmpty()


def test_a_quarantine_is_as_strict(spark: SparkSession, lake: Lake) -> None:
    land(lake, (1, "5", 1, "bad"))
    run(MERGED, lake)
    land(lake, (2, "6.0", 2, "c"), (3, "1.7", 2, "bad"))
    with nothing_written(lake), pytest.raises(TypeDriftError, match="level is int"):
        run(replace(MERGED, transform=_as("double")), lake)


def test_the_values_of_people_are_not_shown(lake: Lake) -> None:
    table = replace(MERGED, tags={"pii": "true"})
    land(lake, (1, "5", 1, "c"))
    run(table, lake)
    land(lake, (1, "1.7", 2, "c"))
    with pytest.raises(TypeDriftError) as raised:
        run(replace(table, transform=_as("double")), lake)
    assert "1.7" not in str(raised.value)


def _total(kind: str) -> GoldTable:
    return GoldTable(
        name="totals",
        sources={"readings": MERGED},
        group_by={"bucket": "id % 2"},
        query=lambda readings: readings.groupBy("bucket").agg(
            *[_sum(kind).alias("level")]
        ),
    )  # fmt: skip


def _sum(kind: str) -> Any:
    from pyspark.sql import functions as F

    return F.expr(f"cast(sum(level) / 2 as {kind})")


@pytest.mark.parametrize("small", [True, False])
def test_a_gold_table_is_as_strict(
    spark: SparkSession, lake: Lake, small: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not small:
        monkeypatch.setattr(whole_gold, "is_worth_it", lambda *_: False)
    land(lake, (1, "4", 1, "c"), (2, "6", 1, "c"))
    run(MERGED, lake)
    run(_total("int"), lake)
    land(lake, (1, "8", 2, "u"))
    run(MERGED, lake)
    run(_total("double"), lake)
    found = held(spark, lake, _total("int"))
    assert {tuple(row) for row in found.collect()} == {(1, 4), (0, 3)}
    land(lake, (1, "9", 3, "u"))
    run(MERGED, lake)
    with nothing_written(lake), pytest.raises(TypeDriftError, match=r"gold.totals.*level is int"):
        run(_total("double"), lake)
    assert gold.batch_result(_total("double"), lake, spark).count() == 2
