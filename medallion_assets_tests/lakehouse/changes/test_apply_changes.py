"""`apply_changes` as its users call it: what is in the table, what it says, what it refuses."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from medallion_assets import AppliedChanges, apply_changes
from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.changes import places
from medallion_assets.lakehouse.changes.latest import LatestRows
from medallion_assets.lakehouse.changes.versioned import VersionedRows
from medallion_assets.lakehouse.errors import (
    ChangesError,
    DeclarationError,
    TableLockedError,
    TargetError,
)
from medallion_assets_tests.lakehouse.delta_rows import rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SCHEMA = "id int, name string, city string, op string, seq int"
Apply = Callable[..., AppliedChanges]
Rows = Sequence[tuple[Any, ...]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "t"


@pytest.fixture
def apply(spark: SparkSession, table: Path) -> Apply:
    def applied(changes: Rows, schema: str = SCHEMA, **given: Any) -> AppliedChanges:
        arguments: dict[str, Any] = {
            "keys": ["id"], "sequence_by": "seq", "apply_as_deletes": "op = 'D'",
            "except_columns": ["op", "seq"], **given,
        }  # fmt: skip
        frame = spark.createDataFrame(list(changes), schema)
        return apply_changes(spark, frame, f"delta.`{table}`", **arguments)

    return applied


def held(table: Path, *columns: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row.values()) for row in rows(table, *columns)), key=repr)


FIRST = [(1, "Ann", "Ulm", "I", 1), (2, "Bob", "Bonn", "I", 1), (3, "Cem", "Jena", "I", 1)]
THEN = [(1, "Ann", "Kiel", "U", 3), (2, None, None, "D", 2), (1, "Ann", "Gera", "U", 2)]


def test_the_newest_row_of_a_key(apply: Apply, table: Path) -> None:
    assert apply(FIRST) == AppliedChanges(num_inserted_rows=3)
    assert apply(THEN) == AppliedChanges(num_updated_rows=1, num_deleted_rows=1)
    assert held(table) == [(1, "Ann", "Kiel"), (3, "Cem", "Jena")]
    assert DeltaTable(table).schema().to_arrow().names == ["id", "name", "city"]


def test_the_same_again_commits_nothing(apply: Apply, table: Path) -> None:
    apply(FIRST)
    apply(THEN)
    before = DeltaTable(table).version()
    assert apply(THEN) == AppliedChanges()
    assert apply(FIRST) == AppliedChanges()
    assert DeltaTable(table).version() == before


def test_every_version_of_a_key(apply: Apply, table: Path) -> None:
    apply(FIRST, stored_as_scd_type=2)
    done = apply(THEN, stored_as_scd_type="2")
    # Ann's first version and Bob's only one have ended, two of Ann's have begun.
    assert done == AppliedChanges(num_inserted_rows=2, num_updated_rows=2)
    assert held(table) == [
        (1, "Ann", "Gera", 2, 3),
        (1, "Ann", "Kiel", 3, None),
        (1, "Ann", "Ulm", 1, 2),
        (2, "Bob", "Bonn", 1, 2),
        (3, "Cem", "Jena", 1, None),
    ]
    names = DeltaTable(table).schema().to_arrow().names
    assert names == ["id", "name", "city", "__START_AT", "__END_AT"]
    before = DeltaTable(table).version()
    assert apply(THEN, stored_as_scd_type=2) == AppliedChanges()
    assert DeltaTable(table).version() == before


def test_a_table_by_name(spark: SparkSession) -> None:
    spark.sql("DROP TABLE IF EXISTS people")
    changes = spark.createDataFrame(FIRST, SCHEMA)
    for _ in range(2):
        apply_changes(
            spark, changes, "people", keys=["id"], sequence_by=changes.seq,
            apply_as_deletes=changes.op == "D", column_list=["id", "name"],
        )  # fmt: skip
    assert sorted(map(tuple, spark.table("people").collect())) == [
        (1, "Ann"), (2, "Bob"), (3, "Cem"),
    ]  # fmt: skip


def test_a_stream_applies_its_micro_batches(spark: SparkSession, tmp_path: Path) -> None:
    source = tmp_path / "source"
    for change in [*FIRST, *THEN]:
        spark.createDataFrame([change], SCHEMA).write.format("delta").mode("append").save(
            str(source)
        )
    stream = spark.readStream.format("delta").option("maxFilesPerTrigger", "1").load(str(source))
    given: dict[str, Any] = {"keys": ["id"], "sequence_by": "seq", "apply_as_deletes": "op = 'D'"}
    with pytest.raises(ChangesError, match="foreachBatch"):
        apply_changes(spark, stream, "people", **given)

    def batch(changes: DataFrame, _: int) -> None:
        apply_changes(changes.sparkSession, changes, f"delta.`{tmp_path / 't'}`", **given)

    writer = stream.writeStream.option("checkpointLocation", str(tmp_path / "checkpoint"))
    writer.foreachBatch(batch).trigger(availableNow=True).start().awaitTermination()
    assert held(tmp_path / "t", "id", "city", "seq") == [(1, "Kiel", 3), (3, "Jena", 1)]


def test_several_columns_order_the_changes(apply: Apply, table: Path) -> None:
    schema = "id int, name string, seq int, part int"
    apply([(1, "b", 1, 2), (1, "a", 1, 1), (1, "c", 2, 0)], schema, apply_as_deletes=None,
          sequence_by=["seq", "part"], except_columns=["seq", "part"],
          stored_as_scd_type=2)  # fmt: skip
    found = [(row["name"], tuple(row["__START_AT"].values())) for row in rows(table)]
    assert sorted(found) == [("a", (1, 1)), ("b", (1, 2)), ("c", (2, 0))]


def test_a_version_gets_the_newest_of_what_is_not_tracked(apply: Apply, table: Path) -> None:
    given = {"stored_as_scd_type": 2, "track_history_column_list": ["name"]}
    apply([(1, "Ann", "Ulm", "I", 1), (1, "Ann", "Kiel", "U", 5)], **given)
    assert held(table) == [(1, "Ann", "Kiel", 1, None)]
    apply([(1, "Anna", "Gera", "U", 3)], **given)
    assert held(table) == [
        (1, "Ann", "Kiel", 5, None), (1, "Ann", "Ulm", 1, 3), (1, "Anna", "Gera", 3, 5),
    ]  # fmt: skip


def test_a_null_leaves_what_was_there_within_structs_too(apply: Apply, table: Path) -> None:
    schema = "id int, name string, at struct<city string, zip int>, op string, seq int"
    given = {"ignore_null_updates": True}
    apply([(1, "Ann", ("Ulm", 1), "I", 1), (1, None, None, "U", 2)], schema, **given)
    apply([(1, None, ("Kiel", None), "U", 3), (2, None, None, "I", 1)], schema, **given)
    assert held(table) == [(1, "Ann", {"city": "Kiel", "zip": 1}), (2, None, None)]
    apply([(1, "late", ("late", 7), "U", 0), (1, "Anna", ("late", 7), "U", 2)], schema, **given)
    assert held(table, "id", "name", "at") == [
        (1, "Anna", {"city": "Kiel", "zip": 7}), (2, None, None),
    ]  # fmt: skip
    apply([(1, "gone", None, "D", 4), (1, None, ("Bonn", None), "U", 5)], schema, **given)
    assert (1, None, {"city": "Bonn", "zip": None}) in held(table)


def test_a_truncation_removes_what_is_not_newer(apply: Apply, table: Path) -> None:
    given = {"apply_as_truncates": "op = 'T'"}
    apply([*FIRST, (4, "Dora", "Hof", "I", 9)], **given)
    apply([(None, None, None, "T", 5)], **given)
    assert held(table) == [(4, "Dora", "Hof")]
    apply([(1, "late", "late", "U", 5), (2, "Bob", "new", "I", 6)], **given)
    assert held(table) == [(2, "Bob", "new"), (4, "Dora", "Hof")]


@pytest.mark.parametrize("given", [{}, {"stored_as_scd_type": 2}], ids=["type 1", "type 2"])
def test_columns_that_appear(apply: Apply, table: Path, given: dict[str, Any]) -> None:
    apply(FIRST[:2], **given)
    wider = SCHEMA.replace("op string", "age int, op string")
    apply([(2, "Bob", "Bonn", 40, "U", 2)], wider, **given)
    apply([(3, "Cem", "Jena", "I", 1)], **given)
    newest = [row for row in rows(table) if row.get("__END_AT") is None]
    assert sorted((r["id"], r["age"]) for r in newest) == [(1, None), (2, 40), (3, None)]


@pytest.mark.parametrize("given", [{}, {"stored_as_scd_type": 2}], ids=["type 1", "type 2"])
def test_any_type_and_any_name(spark: SparkSession, tmp_path: Path, given: dict[str, Any]) -> None:
    target = f"delta.`{tmp_path / 'a table'}`"
    for seq, value in enumerate(("{'a': 1}", "{'a': 2}")):
        changes = spark.sql(
            f"SELECT 1 AS `a.key`, map('k', {seq}) AS `m-s`, "
            f'parse_json(replace("{value}", "\'", \'"\')) AS v, {seq} AS seq'
        )
        apply_changes(
            spark, changes, target, keys=["a.key"], sequence_by="seq",
            except_column_list=["seq"], **given,
        )  # fmt: skip
    found = spark.read.format("delta").load(str(tmp_path / "a table"))
    found = found.where("__END_AT is null") if given else found
    (row,) = found.selectExpr("`a.key`", "`m-s`", "to_json(v)").collect()
    assert tuple(row) == (1, {"k": 1}, '{"a":2}')


def die(*_: object) -> None:
    raise RuntimeError("the process ends")


@pytest.mark.parametrize(
    ("owner", "step", "given"),
    [
        (LatestRows, "_merge", {}),
        (VersionedRows, "_replace", {"stored_as_scd_type": 2}),
        (VersionedRows, "_replace", {"ignore_null_updates": True}),
    ],
    ids=["type 1", "type 2", "nulls ignored"],
)
def test_the_same_changes_complete_what_a_crash_left(
    apply: Apply, table: Path, monkeypatch: pytest.MonkeyPatch,
    owner: type, step: str, given: dict[str, Any],
) -> None:  # fmt: skip
    apply(FIRST, **given)
    before = held(table)
    with monkeypatch.context() as patched:
        patched.setattr(owner, step, die)
        with pytest.raises(RuntimeError):
            apply(THEN, **given)
    assert held(table) == before
    # What comes in between is older than what is remembered, and does not get ahead of it.
    apply([(2, "late", "late", "U", 1), (3, "Cem", "Suhl", "U", 4)], **given)
    apply(THEN, **given)
    newest = [row for row in rows(table) if row.get("__END_AT") is None]
    assert sorted((r["id"], r["city"]) for r in newest) == [(1, "Kiel"), (3, "Suhl")]


def test_tombstones_are_kept_as_long_as_asked(
    apply: Apply, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_COMPACTED_EVERY", 1)
    late = [(2, "late", "late", "U", 1)]
    apply(FIRST, tombstone_retention="1 day")
    apply(THEN, tombstone_retention="1 day")
    apply(late, tombstone_retention="1 day")
    assert 2 not in [row["id"] for row in rows(table)]
    apply([(9, "Ida", "Hof", "I", 1)], tombstone_retention="0 seconds")
    apply(late, tombstone_retention="0 seconds")
    assert 2 in [row["id"] for row in rows(table)]


def test_a_table_made_anew_remembers_nothing(apply: Apply, table: Path) -> None:
    apply(THEN)
    for part in set(table.iterdir()) - {table / "_changes"}:
        shutil.rmtree(part) if part.is_dir() else part.unlink()
    columns = {"id": pa.int32(), "name": pa.string(), "city": pa.string()}
    write_deltalake(table, pa.schema(columns.items()).empty_table())
    apply(FIRST)
    assert len(held(table)) == 3


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((None, "Ann", "Ulm", "I", 1), "a change without its key"),
        ((7, "Ann", "Ulm", "I", None), r'sequence_by is null at the key \{"id":7\}'),
    ],
)
@pytest.mark.parametrize("given", [{}, {"stored_as_scd_type": 2}], ids=["type 1", "type 2"])
def test_changes_that_are_none(
    apply: Apply, table: Path, change: tuple[Any, ...], reason: str, given: dict[str, Any]
) -> None:
    with pytest.raises(ChangesError, match=reason):
        apply([*FIRST, change], **given)
    assert held(table) == []
    apply(FIRST, **given)
    assert len(held(table)) == 3


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"keys": []}, "keys names the columns"),
        ({"keys": ["idd"]}, "Did you mean id"),
        ({"column_list": ["name"], "except_columns": None}, "The key id is left out"),
        ({"column_list": ["id"]}, "exclude each other"),
        ({"stored_as_scd_type": 3}, "1 or 2, not 3"),
        ({"track_history_column_list": ["name"]}, "Type 1 has no history"),
        ({"stored_as_scd_type": 2, "apply_as_truncates": "op = 'T'"}, "for type 1"),
        ({"stored_as_scd_type": 2, "track_history_column_list": ["nam"]}, "Did you mean name"),
        ({"sequence_by": []}, "sequence_by is missing"),
    ],
)
def test_arguments_that_are_wrong(
    apply: Apply, table: Path, given: dict[str, Any], reason: str
) -> None:
    with pytest.raises(DeclarationError, match=reason):
        apply(FIRST, **given)
    assert not table.exists()


def test_a_history_needs_the_changes_that_made_it(
    spark: SparkSession, apply: Apply, table: Path
) -> None:
    spark.createDataFrame([(1, "Ann", "Ulm")], "id int, name string, city string").write.format(
        "delta"
    ).save(str(table))
    with pytest.raises(TargetError, match="rows, and the changes that made them are not"):
        apply(FIRST, ignore_null_updates=True)
    apply(FIRST)
    assert len(held(table)) == 3, "without, they count as older than every change"


def test_one_at_a_time(apply: Apply, table: Path) -> None:
    apply(FIRST)
    with (
        locks.hold(table / "_changes" / "lock", "t", "another"),
        pytest.raises(TableLockedError, match="another"),
    ):
        apply(THEN)


def test_dates_as_a_sequence(apply: Apply, table: Path) -> None:
    days = [datetime.date(2026, 11, day) for day in (1, 2)]
    changes = [(1, name, day) for name, day in zip("ab", days, strict=True)]
    apply(changes, "id int, name string, day date", sequence_by="day", apply_as_deletes=None,
          except_columns=None, stored_as_scd_type=2)  # fmt: skip
    assert held(table, "name", "__START_AT", "__END_AT") == [
        ("a", days[0], days[1]), ("b", days[1], None),
    ]  # fmt: skip
