"""A silver table that has every version of its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.changes.versioned import VersionedRows
from medallion_assets.lakehouse.errors import ChangesError, DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import GoldTable, Lookup, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, commits, raw, rows, run

pytestmark = pytest.mark.usefixtures("spark")

source = raw("changes")
FIELDS = {"id": pa.int64(), "city": pa.string(), "op": pa.string(), "lsn": pa.int64()}
people = SilverTable(
    name="people",
    source=source,
    transform=lambda changes: changes.selectExpr("id", "city", "op as _op", "lsn as _lsn"),
    keys=("id",),
    sequence_by=("_lsn",),
    apply_as_deletes="_op = 'd'",
    stored_as_scd_type=2,
    expectations=(expect_or_quarantine("id_present", "id is not null"),),
)
moves = GoldTable(
    name="moves",
    sources={"people": people},
    group_by={"city": "city"},
    query=lambda people: people.groupBy("city").count(),
)


def land(lake: Lake, *changes: tuple[int | None, str | None, str, int | None]) -> None:
    append(lake.path(source), [dict(zip(FIELDS, c, strict=True)) for c in changes], FIELDS)


def held(lake: Lake) -> list[tuple[Any, ...]]:
    return sorted(tuple(row.values()) for row in rows(lake.path(people)))


def test_versions_and_what_is_made_of_them_follow_every_change(lake: Lake) -> None:
    land(lake, (1, "Ulm", "c", 10), (2, "Bonn", "c", 11), (None, "Hof", "c", 12))
    done = run(people, lake)
    assert done.rows.conserved
    assert (done.rows.written, done.rows.inserted, done.rows.quarantined) == (2, 2, 1)
    run(moves, lake)
    land(lake, (1, "Kiel", "u", 30), (2, None, "d", 20), (1, "Ulm", "c", 10))
    done = run(people, lake)
    assert done.rows.conserved
    assert (done.rows.written, done.rows.superseded) == (2, 1)
    assert (done.rows.inserted, done.rows.updated) == (1, 2)
    assert held(lake) == [(1, "Kiel", 30, None), (1, "Ulm", 10, 30), (2, "Bonn", 11, 20)]
    land(lake, (1, "Ulm", "u", 15), (1, "Gera", "u", 20))
    run(people, lake)
    assert held(lake)[:3] == [(1, "Gera", 20, 30), (1, "Kiel", 30, None), (1, "Ulm", 10, 20)]
    run(moves, lake)
    counted = {row["city"]: row["count"] for row in rows(lake.path(moves))}
    assert counted == {"Ulm": 1, "Bonn": 1, "Kiel": 1, "Gera": 1}


def test_what_changes_no_version_commits_nothing(lake: Lake) -> None:
    land(lake, (1, "Ulm", "c", 10))
    run(people, lake)
    before = commits(lake, people)
    land(lake, (1, "Ulm", "u", 20))
    done = run(people, lake)
    assert done.rows.conserved
    assert (done.rows.written, done.rows.inserted, done.rows.updated) == (1, 0, 0)
    assert commits(lake, people) == before


def test_a_run_after_a_crash_completes_it(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    land(lake, (1, "Ulm", "c", 10))
    run(people, lake)
    land(lake, (1, "Kiel", "u", 20))
    with monkeypatch.context() as patched:
        patched.setattr(VersionedRows, "_replace", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            run(people, lake)
    assert held(lake) == [(1, "Ulm", 10, None)]
    run(people, lake)
    assert held(lake) == [(1, "Kiel", 20, None), (1, "Ulm", 10, 20)]


def test_a_change_without_a_sequence_ends_the_run(lake: Lake) -> None:
    land(lake, (1, "Ulm", "c", None))
    with pytest.raises(ChangesError, match=r"silver.people: sequence_by is null at the key"):
        run(people, lake)
    assert not lake.log(people).row_count()


def test_a_key_is_there_once_for_each_beginning() -> None:
    assert people.identity == ("id", "__START_AT")
    assert replace(people, stored_as_scd_type=1).identity == ("id",)


def test_history_and_lookups_do_not_go_together() -> None:
    with pytest.raises(DeclarationError, match="every version of a row"):
        Lookup(table=people, key="id", columns={"city": "city"})
    latest = SilverTable(
        name="latest", source=source, transform=people.transform, keys=("id",),
        sequence_by=("_lsn",),
    )  # fmt: skip
    with pytest.raises(DeclarationError, match="no place in a history"):
        SilverTable(
            name="p", source=source, transform=people.transform, keys=("id",),
            sequence_by=("_lsn",), stored_as_scd_type=2,
            lookups=(Lookup(table=latest, key="id", columns={"city": "city"}),),
        )  # fmt: skip
