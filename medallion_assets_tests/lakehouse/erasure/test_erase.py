"""Deletes travel from the source to gold; an erased person is nowhere, and was never there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse.erasure import old_files
from medallion_assets.lakehouse.erasure.erase import erase
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.lakehouse.delta_rows import no_session, rows, run
from medallion_assets_tests.lakehouse.erasure.people import (
    ERASED,
    MARKER,
    PEOPLE,
    by_day,
    by_person,
    contents,
    holding,
    house,
    land,
    orders,
    people,
    people_history,
    run_all,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

WHOM = [Identifier("person", str(key)) for key in ERASED]
TABLES = (
    "bronze/people", "bronze/orders", "silver/people", "silver/people_quarantine",
    "silver/people_history", "silver/orders", "silver/orders_quarantine", "gold/by_person",
    "_medallion/streams/silver.people_history/0/_events",
)  # fmt: skip


@pytest.fixture(scope="module")
def filled(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """After two runs, of which the second takes deletes."""
    directory = tmp_path_factory.mktemp("erasure")
    lake = Lake(directory / "lake", directory / "landing")
    for batch in (1, 2):
        land(lake, batch)
        run_all(lake)
    return lake


def test_a_delete_in_the_source_reaches_silver_and_gold_in_the_same_run(filled: Lake) -> None:
    assert {row["id"] for row in rows(filled.path(people))} == {1, 3}
    history = rows(filled.path(people_history), "id", "city", "__START_AT", "__END_AT")
    assert [tuple(row.values()) for row in history if row["id"] == 2] == [(2, "Bonn", 1, 2)]
    looked_up = {row["order_id"]: row["buyer_name"] for row in rows(filled.path(orders))}
    assert (looked_up[11], looked_up[12]) == (None, "name-3")
    revenue = {row["buyer"]: (row["name"], row["revenue"]) for row in rows(filled.path(by_person))}
    assert (revenue[2], revenue[3]) == ((None, 6), ("name-3", 7))


def test_erased_people_were_never_there(
    filled: Lake, spark: SparkSession, monkeypatch: pytest.MonkeyPatch, lake: Lake
) -> None:
    held = holding(filled.root, MARKER)
    assert {table for table in TABLES for path in held if str(path).startswith(table)} == {*TABLES}
    assert any("_delta_log" in path.parts for path in held)
    assert any("_change_data" in path.parts for path in held)
    setting = "spark.databricks.delta.retentionDurationCheck.enabled"
    before = spark.conf.get(setting)

    with monkeypatch.context() as patched:
        broken_off_at(patched, "truncate_log", 5)
        with pytest.raises(ZeroDivisionError):
            erase(house, filled, lambda: spark, WHOM)
    land(filled, 3)
    done = erase(house, filled, lambda: spark, WHOM)

    assert done.nothing_left
    assert holding(filled.root, MARKER) == set()
    assert spark.conf.get(setting) == before
    assert {(file.table, file.path[-6:]) for file in done.landing_files} == {
        (f"bronze.{feed}", f"{batch}.json") for feed in ("people", "orders") for batch in (1, 2)
    }
    assert [note.split(":")[0] for note in done.notes] == [
        "bronze.people", "silver.people_quarantine"
    ]  # fmt: skip

    land(filled, 4)
    run_all(filled)
    for table in house.tables:
        assert run(table, filled, session=no_session).batches == 0
    for batch in PEOPLE:
        land(lake, batch, without=ERASED)
    run_all(lake)
    assert contents(filled) == contents(lake)
    assert {row["day"]: row["revenue"] for row in rows(filled.path(by_day))} == {
        "2026-11-01": 6, "2026-11-02": 12, "2026-11-03": 2,
    }  # fmt: skip


def broken_off_at(patched: pytest.MonkeyPatch, step: str, number: int) -> None:
    """Let the process die, as it were, at the given call of a step."""
    real, calls = getattr(old_files, step), []

    def broken(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == number:
            raise ZeroDivisionError
        return real(*given)

    patched.setattr(old_files, step, broken)
