"""Deletes travel from the source to gold; an erased person is nowhere, and was never there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.erasure import old_files
from medallion_assets.lakehouse.erasure.erase import erase
from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.records import HeldState
from medallion_assets.lakehouse.errors import DeclarationError, OptionError, TableLockedError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    Lakehouse,
    LandingDirectory,
    SilverTable,
)
from medallion_assets_tests.lakehouse.autoloader import landed
from medallion_assets_tests.lakehouse.delta_rows import no_session, rows, run
from medallion_assets_tests.lakehouse.erasure.people import (
    ERASED,
    MARKER,
    PEOPLE,
    bronze_orders,
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
        broken_off_at(patched, "begin_log", 6)
        with pytest.raises(ZeroDivisionError):
            erase(house, filled, lambda: spark, WHOM)
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

    land(filled, 3)
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


visits = BronzeTable(
    name="visits",
    source=LandingDirectory(name="visits", format="json", schema="id BIGINT, who BIGINT"),
    data_subject={"person": "who"},
)
first_visits = SilverTable(
    name="visits",
    source=visits,
    transform=lambda rows: rows.where("id is not null").dropDuplicates(["id"]).select("id", "who"),
    data_subject={"person": "who"},
)


def test_what_a_stream_remembers_is_told_until_its_table_is_rebuilt(
    lake: Lake, spark: SparkSession
) -> None:
    tables = Lakehouse.from_tables([first_visits])
    lines = """{"id": 1, "who": 42}\n{"id": 2, "who": 7}\n{"id": 3, "wh"""
    landed.land(lake.landing / "visits" / "1.json", lines)
    run(visits, lake)
    # What waits, in the landing directory or for silver, is taken first.
    landed.land(lake.landing / "visits" / "2.json", """{"id": 4, "who": 42}\n""")
    whom = [Identifier("person", "42")]
    done = erase(tables, lake, lambda: spark, whom, unreadable=True)
    assert [row["who"] for row in rows(lake.path(visits))] == [7]
    assert [row["who"] for row in rows(lake.path(first_visits))] == [7]
    assert (done.states, done.nothing_left) == ((HeldState("silver.visits", 0),), False)
    assert done.notes == ()
    rebuild(tables, first_visits, lake, lambda: spark)
    assert erase(tables, lake, lambda: spark, whom).nothing_left
    past, now = (lake.stream_directory(first_visits, number) / "state" for number in (0, 1))
    assert (past.exists(), now.exists()) == (False, True)


def test_what_can_not_be_judged_is_refused_before_anything_is_erased(
    filled: Lake, spark: SparkSession
) -> None:
    held = {path: path.stat().st_mtime_ns for path in filled.root.glob("*/*/_delta_log/*.json")}
    with pytest.raises(OptionError, match=r"person=Zoe: bronze.people has id as bigint"):
        erase(house, filled, lambda: spark, [Identifier("person", "Zoe")])
    mistaken = replace(bronze_orders, data_subject={"person": "buyr"})
    with pytest.raises(DeclarationError, match=r"bronze.orders: data_subject 'person' is buyr"):
        erase(Lakehouse.from_tables([mistaken]), filled, lambda: spark, WHOM)
    with (
        locks.hold(filled.lock_path(orders), orders.full_name, "a run"),
        pytest.raises(TableLockedError),
    ):
        erase(house, filled, lambda: spark, WHOM)
    logs = filled.root.glob("*/*/_delta_log/*.json")
    assert {path: path.stat().st_mtime_ns for path in logs} == held


def broken_off_at(patched: pytest.MonkeyPatch, step: str, number: int) -> None:
    """Let the process die, as it were, at the given call of a step."""
    real, calls = getattr(old_files, step), []

    def broken(*given: Any) -> Any:
        calls.append(given)
        if len(calls) == number:
            raise ZeroDivisionError
        return real(*given)

    patched.setattr(old_files, step, broken)
