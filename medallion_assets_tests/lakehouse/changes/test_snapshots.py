"""A table in line with snapshots of its source, where there is no change feed."""

from __future__ import annotations

import datetime
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from medallion_assets import AppliedChanges, apply_changes_from_snapshot
from medallion_assets.lakehouse.changes.latest import LatestRows
from medallion_assets.lakehouse.errors import ChangesError, TypeDriftError
from medallion_assets_tests.lakehouse.changes.test_type_drift import nothing_written
from medallion_assets_tests.lakehouse.delta_rows import rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Row = tuple[int, str | None]


class Snapshots:
    """Applies snapshots to one table."""

    def __init__(self, spark: SparkSession, path: Path, **given: Any) -> None:
        self.spark, self.path, self.given = spark, path, given

    def apply(self, version: Any, taken: list[Row], schema: str = "id int, city string") -> Any:
        frame = self.spark.createDataFrame(taken, schema)
        return apply_changes_from_snapshot(
            self.spark, frame, f"delta.`{self.path}`", keys=["id"], version=version, **self.given
        )

    def held(self) -> list[tuple[Any, ...]]:
        return sorted((tuple(row.values()) for row in rows(self.path)), key=repr)


def test_the_table_is_the_last_snapshot_and_its_history_is_all_of_them(
    spark: SparkSession, tmp_path: Path
) -> None:
    dice = random.Random(3)
    newest, history = Snapshots(spark, tmp_path / "1"), Snapshots(
        spark, tmp_path / "2", stored_as_scd_type=2
    )  # fmt: skip
    taken: dict[int, dict[int, str | None]] = {}
    for version in (1, 2, 5):
        taken[version] = {
            key: dice.choice(["Ulm", "Kiel", None]) for key in range(12) if dice.random() < 0.7
        }
        for table in (newest, history):
            table.apply(version, list(taken[version].items()))
        assert newest.held() == sorted(taken[version].items(), key=repr)
    found = rows(tmp_path / "2")
    for version, snapshot in taken.items():
        then = {
            row["id"]: row["city"]
            for row in found
            if row["__START_AT"] <= version and not (row["__END_AT"] or 9) <= version
        }
        assert then == snapshot, version


@pytest.mark.parametrize("kind", [1, 2])
def test_the_same_again_changes_nothing_and_an_older_one_is_refused(
    spark: SparkSession, tmp_path: Path, kind: int
) -> None:
    table = Snapshots(spark, tmp_path / "t", stored_as_scd_type=kind)
    days = [datetime.date(2026, 11, day) for day in (1, 2, 3)]
    table.apply(days[0], [(1, "Ulm"), (2, "Bonn")])
    table.apply(days[1], [(1, "Ulm")])
    before, held = DeltaTable(table.path).version(), table.held()
    assert table.apply(days[1], [(1, "Ulm")]) == AppliedChanges()
    assert table.apply(days[2], [(1, "Ulm")]) == AppliedChanges()
    with pytest.raises(ChangesError, match="2026-11-01 is older than 2026-11-02"):
        table.apply(days[0], [(1, "Ulm"), (2, "Bonn")])
    assert (DeltaTable(table.path).version(), table.held()) == (before, held)


def test_a_key_that_is_there_twice_is_refused(spark: SparkSession, tmp_path: Path) -> None:
    table = Snapshots(spark, tmp_path / "t")
    with pytest.raises(ChangesError, match="2 rows with id = 1"):
        table.apply(1, [(1, "Ulm"), (1, "Kiel")])
    assert not table.path.exists()


def test_a_snapshot_is_completed_after_a_crash(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Snapshots(spark, tmp_path / "t")
    table.apply(1, [(1, "Ulm"), (2, "Bonn")])
    with monkeypatch.context() as patched:
        patched.setattr(LatestRows, "_merge", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            table.apply(2, [(1, "Kiel")])
    assert table.held() == [(1, "Ulm"), (2, "Bonn")]
    table.apply(2, [(1, "Kiel")])
    assert table.held() == [(1, "Kiel")]


@pytest.mark.parametrize("kind", [1, 2])
def test_snapshots_of_another_type(spark: SparkSession, tmp_path: Path, kind: int) -> None:
    table = tmp_path / "table"

    def give(selected: str, version: int) -> AppliedChanges:
        return apply_changes_from_snapshot(
            spark, spark.sql(f"select {selected}"), f"delta.`{table}`", keys=["id"],
            version=version, stored_as_scd_type=kind,
        )  # fmt: skip

    give("id, 1 v, '07' t from values (1), (2) as t(id)", 1)
    with nothing_written(table):
        assert give("id, 1L v, '07' t from values ('1'), ('2') as t(id)", 1) == AppliedChanges()
        with pytest.raises(TypeDriftError, match="column id is int"):
            give("id, 1 v, '07' t from values ('01'), ('2') as t(id)", 2)
    give("id, if(id = 2, 1.5D, 1) v, 7 t from values (1D), (2D) as t(id)", 20240101120000)
    current = spark.read.format("delta").load(str(table))
    if kind == 2:
        current = current.where("__END_AT is null")
    found = sorted(tuple(row) for row in current.select("id", "v", "t").collect())
    assert found == [(1, 1.0, "7"), (2, 1.5, "7")]
    with pytest.raises(ChangesError, match="older"):
        give("1 id, 1 v, '7' t", 3)
