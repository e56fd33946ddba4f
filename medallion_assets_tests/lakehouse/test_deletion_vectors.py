"""Merges that mark rows: the same tables, and no file written again."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from medallion_assets.lakehouse import whole_gold
from medallion_assets.lakehouse.gold import batch_result
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import GoldTable, SilverTable, Table
from medallion_assets_tests.lakehouse.delta_rows import Row, append, in_order, raw, run

if TYPE_CHECKING:
    import pytest
    from pyspark.sql import DataFrame, SparkSession

FIELDS = {"id": pa.int64(), "at": pa.int64(), "shelf": pa.int64(), "op": pa.string()}
PROPERTY = "delta.enableDeletionVectors"
ROUNDS = 5
KEYS = 40


def _per_shelf(stock: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    return stock.groupBy("shelf").agg(F.count("*").alias("goods"))


marked = SilverTable(
    name="stock",
    source=raw("stock"),
    transform=lambda rows: rows.selectExpr("id", "at", "shelf", "op as _op"),
    keys=("id",),
    sequence_by=("at",),
    apply_as_deletes="_op = 'd'",
    deletion_vectors=True,
)
written_again = replace(marked, deletion_vectors=False)
history = replace(marked, name="history", stored_as_scd_type=2)


def _shelves(stock: SilverTable) -> GoldTable:
    return GoldTable(
        name="shelves",
        sources={"stock": stock},
        group_by={"shelf": "shelf"},
        query=_per_shelf,
    )


def _round(dice: random.Random, number: int) -> list[Row]:
    keys = range(KEYS) if not number else dice.sample(range(KEYS + 10), 15)
    return [
        {
            "id": key,
            "at": number,
            "shelf": dice.randrange(4),
            "op": "d" if number and dice.random() < 0.2 else "u",
        }
        for key in keys
    ]


def _newest(changes: list[Row]) -> list[Row]:
    rows: dict[int, Row] = {}
    for change in changes:
        if change["op"] == "d":
            rows.pop(change["id"], None)
        else:
            rows[change["id"]] = {name: change[name] for name in ("id", "at", "shelf")}
    return in_order(rows.values())


def _versions(changes: list[Row]) -> list[Row]:
    """Every version of a row, from when to when it held."""
    rows: list[Row] = []
    for change in changes:
        for row in rows:
            if row["id"] == change["id"] and row["__END_AT"] is None:
                row["__END_AT"] = change["at"]
        if change["op"] != "d":
            values = {name: change[name] for name in ("id", "at", "shelf")}
            rows.append({**values, "__START_AT": change["at"], "__END_AT": None})
    return in_order(rows)


def _stored(spark: SparkSession, lake: Lake, table: Table, *columns: str) -> list[Row]:
    found = spark.read.format("delta").load(str(lake.path(table))).select(*columns).collect()
    return in_order(row.asDict() for row in found)


def _operation(lake: Lake, table: Table, name: str) -> int:
    return int(lake.log(table).last_operation()[name])


def test_a_merge_marks_rows_and_writes_no_file_again(spark: SparkSession, lake: Lake) -> None:
    dice, changes, expected = random.Random(7), list[Row](), list[Row]()
    for number in range(ROUNDS):
        new = _round(dice, number)
        changes += new
        append(lake.path(marked.source), new, FIELDS)
        done = run(marked, lake)
        expected = _newest(changes)
        assert _stored(spark, lake, marked, "id", "at", "shelf") == expected
        assert lake.log(marked).row_count() == len(expected)
        assert done.rows.written == done.rows.inserted + done.rows.updated + done.rows.deleted
        if number:
            assert _operation(lake, marked, "numTargetRowsCopied") == 0
            assert _operation(lake, marked, "numOutputRows") <= len(new)
    preview = lake.log(marked).preview(5)
    assert len(preview) == 5
    shown = in_order({name: row[name] for name in ("id", "at", "shelf")} for row in preview)
    assert all(row in expected for row in shown)


def test_a_table_is_followed_from_before_it_was_declared_so(
    spark: SparkSession, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that gold reads the changes from silver's feed.
    monkeypatch.setattr(whole_gold, "is_worth_it", lambda *_: False)
    dice, changes = random.Random(8), list[Row]()
    for number, stock in enumerate((written_again, written_again, marked, marked, written_again)):
        new = _round(dice, number)
        changes += new
        append(lake.path(stock.source), new, FIELDS)
        run(stock, lake)
        shelves = _shelves(stock)
        run(shelves, lake)
        assert _stored(spark, lake, stock, "id", "at", "shelf") == _newest(changes)
        assert (lake.log(stock).properties().get(PROPERTY) == "true") == (number > 1)
        whole: Any = batch_result(shelves, lake, spark).collect()
        assert _stored(spark, lake, shelves, "*") == in_order(row.asDict() for row in whole)


def test_a_history_is_marked_too(spark: SparkSession, lake: Lake) -> None:
    dice, changes = random.Random(9), list[Row]()
    for number in range(3):
        new = _round(dice, number)
        changes += new
        append(lake.path(history.source), new, FIELDS)
        run(history, lake)
        expected = _versions(changes)
        columns = ("id", "at", "shelf", "__START_AT", "__END_AT")
        assert _stored(spark, lake, history, *columns) == expected
        assert lake.log(history).row_count() == len(expected)
    assert lake.log(history).features() == ("deletionVectors",)
