"""Tables can be recreated from raw at any time, and readers never see half of one."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.errors import CheckpointInUseError
from medallion_assets.lakehouse.gold import batch_result
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.rebuild import plan, rebuild
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    SilverTable,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

events = BronzeTable(name="events", source=LandingDirectory(name="events", format="json"))
latest = SilverTable(
    name="latest",
    source=events,
    transform=lambda rows: rows.selectExpr("id", "kind", "seq"),
    keys=("id",),
    sequence_by=("seq",),
    apply_as_deletes="kind = 'gone'",
    expectations=(expect_or_quarantine("id_present", "id is not null"),),
)
by_kind = GoldTable(
    name="by_kind",
    sources={"latest": latest},
    group_by={"kind": "kind"},
    query=lambda latest: latest.groupBy("kind").count(),
)
house = Lakehouse.from_tables([events, latest, by_kind])


def land(lake: Lake, name: str, *rows: dict[str, object]) -> None:
    directory = lake.landing / "events"
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_text("".join(json.dumps(row) + "\n" for row in rows))


def run(lake: Lake, spark: SparkSession, tables: Lakehouse = house) -> None:
    for table in tables.tables:
        materialize(table, lake, lambda: spark)


def rows(
    lake: Lake, spark: SparkSession, layer_table: str, *columns: str
) -> list[tuple[object, ...]]:
    stored = spark.read.format("delta").load(str(lake.root / layer_table))
    return sorted(tuple(row) for row in stored.select(*columns).collect())


@pytest.fixture
def filled(lake: Lake, spark: SparkSession) -> Lake:
    land(lake, "1.json", {"id": 1, "kind": "a", "seq": 1}, {"id": 2, "kind": "a", "seq": 1})
    run(lake, spark)
    land(
        lake,
        "2.json",
        {"id": 2, "kind": "gone", "seq": 3},
        {"id": 2, "kind": "b", "seq": 2},
        {"id": 3, "kind": "b", "seq": 1},
        {"id": None, "kind": "x", "seq": 1},
    )
    run(lake, spark)
    return lake


def test_bronze_and_what_streams_it_are_recreated_and_new_rows_go_on(
    filled: Lake, spark: SparkSession
) -> None:
    assert plan(house, events) == (events, latest)
    done = rebuild(house, events, filled, lambda: spark)
    assert [(p.table, p.generation, p.old_rows, p.new_rows, p.equal) for p in done] == [
        ("bronze.events", 1, 6, 6, True),
        ("silver.latest", 1, 2, 2, True),
    ]
    land(filled, "3.json", {"id": 2, "kind": "late", "seq": 2}, {"id": 1, "kind": "b", "seq": 9})
    run(filled, spark)
    # The tombstone of id 2 was recreated too: the late row does not bring it back.
    assert rows(filled, spark, "silver/latest", "id", "kind") == [(1, "b"), (3, "b")]
    assert rows(filled, spark, "silver/latest_quarantine", "kind") == [("x",)]
    assert rows(filled, spark, "gold/by_kind", "kind", "count") == [("b", 2)]
    batch = batch_result(by_kind, filled, spark)
    assert sorted(tuple(r) for r in batch.collect()) == [("b", 2)]
    versions = [filled.log(table).version() for table in house.tables]
    run(filled, spark)
    assert [filled.log(table).version() for table in house.tables] == versions


def test_a_changed_transform_is_swapped_in_with_one_commit_and_the_difference_is_told(
    filled: Lake, spark: SparkSession
) -> None:
    louder = replace(latest, transform=lambda r: r.selectExpr("id", "upper(kind) as kind", "seq"))
    changed = Lakehouse.from_tables([events, louder, replace(by_kind, sources={"latest": louder})])
    before = filled.log(latest).version()
    (parity,) = rebuild(changed, louder, filled, lambda: spark)
    after = filled.log(latest).version()
    assert before is not None
    assert after is not None
    assert after.version == before.version + 1
    assert after.table_id == before.table_id
    assert (parity.old_rows, parity.new_rows) == (2, 3)
    # 'GONE' no longer is 'gone': the deleted row stays, and every kind differs.
    assert (parity.only_old, parity.only_new) == (2, 3)
    run(filled, spark, changed)
    assert rows(filled, spark, "gold/by_kind", "kind", "count") == [("A", 1), ("B", 1), ("GONE", 1)]


class BrokenOffError(Exception):
    """What a person's Ctrl-C would be."""


def test_a_rebuild_that_is_broken_off_has_changed_nothing_and_can_be_repeated(
    filled: Lake, spark: SparkSession
) -> None:
    def break_off(said: str) -> None:
        if said.startswith("batch"):
            raise BrokenOffError(said)

    before = [filled.log(table).version() for table in house.tables]
    with pytest.raises(BrokenOffError):
        rebuild(house, latest, filled, lambda: spark, progress=break_off)
    assert [filled.log(table).version() for table in house.tables] == before
    assert filled.generation(latest) == 0
    land(filled, "3.json", {"id": 4, "kind": "c", "seq": 1})
    run(filled, spark)
    assert rows(filled, spark, "silver/latest", "id") == [(1,), (3,), (4,)]
    (parity,) = rebuild(house, latest, filled, lambda: spark)
    assert parity.equal
    assert parity.generation == 2
    run(filled, spark)
    assert rows(filled, spark, "silver/latest", "id") == [(1,), (3,), (4,)]


def test_a_table_whose_source_alone_was_rebuilt_says_so(filled: Lake, spark: SparkSession) -> None:
    rebuild(Lakehouse.from_tables([events]), events, filled, lambda: spark)
    with pytest.raises(CheckpointInUseError, match="rebuild this table too"):
        materialize(latest, filled, lambda: spark)
    rebuild(house, latest, filled, lambda: spark)
    run(filled, spark)
    assert rows(filled, spark, "silver/latest", "id") == [(1,), (3,)]


def test_gold_is_recreated_from_silver(filled: Lake, spark: SparkSession) -> None:
    (parity,) = rebuild(house, by_kind, filled, lambda: spark)
    assert parity.equal
    assert parity.new_rows == 2
    land(filled, "3.json", {"id": 9, "kind": "a", "seq": 1})
    run(filled, spark)
    assert rows(filled, spark, "gold/by_kind", "kind", "count") == [("a", 2), ("b", 1)]
