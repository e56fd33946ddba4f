"""Debezium's events as change rows, with and without the converter's schema part."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import apply_changes, debezium_rows
from medallion_assets.lakehouse.errors import ChangesError
from medallion_assets_tests.lakehouse.delta_rows import rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Record = Mapping[str, Any]


def event(op: str, lsn: int, before: Record | None, after: Record | None) -> Record:
    source = {"connector": "postgresql", "table": "people", "txId": 7, "lsn": lsn, "ts_ms": 1}
    return {"before": before, "after": after, "source": source, "op": op, "ts_ms": 2}


SNAPSHOT = [
    event("r", 10, None, {"id": 1, "city": "Ulm"}),
    event("r", 10, None, {"id": 2, "city": "Bonn"}),
]
CHANGES = [
    event("u", 20, {"id": 1, "city": "Ulm"}, {"id": 1, "city": "Kiel"}),
    event("u", 30, {"id": 1, "city": "Kiel"}, {"id": 1, "city": None, "zip": 24103}),
    event("d", 40, {"id": 2, "city": "Bonn"}, None),
    event("c", 50, None, {"id": 3, "city": "Jena", "zip": 7743}),
]


def decoded(spark: SparkSession, directory: Path, events: Iterable[Record | None]) -> DataFrame:
    directory.mkdir()
    lines = "".join(json.dumps(each) + "\n" for each in events)
    (directory / "events.json").write_text(lines)
    return spark.read.json(str(directory))


@pytest.mark.parametrize("wrapped", [False, True], ids=["bare", "with its schema"])
def test_events_in_any_order_make_the_rows_of_the_database(
    spark: SparkSession, tmp_path: Path, wrapped: bool
) -> None:
    shuffled = [*SNAPSHOT, *CHANGES, CHANGES[0]]
    random.Random(1).shuffle(shuffled)
    for number, part in enumerate((shuffled[:3], shuffled[3:])):
        sent: list[Record | None] = [
            {"schema": {"type": "struct"}, "payload": each} if wrapped else each for each in part
        ]
        # After a delete Kafka gets a tombstone.
        changes = debezium_rows(decoded(spark, tmp_path / f"{number}", [*sent, None]))
        apply_changes(
            spark, changes, f"delta.`{tmp_path / 'people'}`", keys=["id"], sequence_by="_order",
            apply_as_deletes="_op = 'd'", except_columns=["_op", "_order"],
        )  # fmt: skip
    found = {row["id"]: (row["city"], row["zip"]) for row in rows(tmp_path / "people")}
    assert found == {1: (None, 24103), 3: ("Jena", 7743)}


def test_a_delete_has_the_row_it_removes(spark: SparkSession, tmp_path: Path) -> None:
    made = debezium_rows(decoded(spark, tmp_path / "events", [*SNAPSHOT, *CHANGES]))
    assert made.columns == ["city", "id", "zip", "_op", "_order"]
    (gone,) = made.where("_op = 'd'").collect()
    assert tuple(gone) == ("Bonn", 2, None, "d", 40)


def test_what_says_something_is_not_taken_for_a_tombstone(spark: SparkSession) -> None:
    schema = "op string, after struct<id int>, source struct<ts_ms long>, _corrupt_record string"
    sent = [("c", (1,), (5,), None), (None, None, None, "{broken"), (None, None, None, None)]
    made = debezium_rows(spark.createDataFrame(sent, schema))
    found = {tuple(row) for row in made.collect()}
    assert found == {(1, "c", 5, None), (None, None, None, "{broken")}


def test_the_order_can_be_given(spark: SparkSession) -> None:
    sent = spark.createDataFrame([("c", (1,), 3)], "op string, after struct<id int>, position int")
    with pytest.raises(ChangesError, match="nothing orders them"):
        debezium_rows(sent)
    assert tuple(debezium_rows(sent, order="position * 2").collect()[0]) == (1, "c", 6)


def test_what_is_no_event_says_so(spark: SparkSession) -> None:
    with pytest.raises(ChangesError, match=r"no change events of Debezium.*id, city"):
        debezium_rows(spark.createDataFrame([(1, "Ulm")], "id int, city string"))
