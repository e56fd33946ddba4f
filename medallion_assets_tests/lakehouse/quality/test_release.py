"""Rows that leave a quarantine, against the same rules in plain Python, and through kills."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import released_rows
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import ExpectationFailedError, OptionError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.expectations import expect_or_fail, expect_or_quarantine
from medallion_assets.lakehouse.quality.quarantine import COLUMNS
from medallion_assets.lakehouse.quality.release import Release, Releases
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.release import release, try_release
from medallion_assets.lakehouse.released_rows import left_in_quarantine
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.silver_writing import SilverWriting
from medallion_assets.lakehouse.tables import Lakehouse, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, commits, raw, rows, run

pytestmark = pytest.mark.usefixtures("spark")

FIELDS = {"id": pa.int64(), "value": pa.int64(), "seq": pa.int64(), "_file_path": pa.string()}
POSITIVE = expect_or_quarantine("positive", "value > 0")
SMALL = expect_or_quarantine("small", "value < 100")
appended = SilverTable(
    name="appended",
    source=raw("readings"),
    transform=lambda readings: readings.select(*FIELDS),
    expectations=(POSITIVE, SMALL),
)
merged = replace(appended, name="merged", keys=("id",), sequence_by=("seq",))
versioned = replace(merged, name="versioned", stored_as_scd_type=2)
READINGS = [(1, 5, 1), (2, -7, 2), (3, None, 1), (4, 500, 1), (1, -9, 2), (2, 3, 1), (5, -1, 1)]
MEND = Release("array_contains(_broken_rules, 'positive')", {"value": "abs(value)"})

Key = tuple[int, int | None, int]


class KilledError(Exception):
    """Stands for the end of the process."""


def land(lake: Lake, table: SilverTable) -> None:
    named = [dict(zip(FIELDS, (*one, "a.json"), strict=True)) for one in READINGS]
    append(lake.path(table.source), named, FIELDS)
    run(table, lake)


def held(lake: Lake, table: SilverTable) -> list[Key]:
    found = rows(lake.path(table), "id", "value", "seq")
    return sorted((row["id"], row["value"], row["seq"]) for row in found)


def quarantined(lake: Lake, table: SilverTable) -> list[Key]:
    found = rows(lake.quarantine_path(table), "id", "value", "seq")
    return sorted(((row["id"], row["value"], row["seq"]) for row in found), key=lambda row: row[0])


def expected(table: SilverTable) -> list[Key]:
    """The table when values below zero were mended."""
    mended = [(key, value if value is None else abs(value), seq) for key, value, seq in READINGS]
    good = [one for one in mended if one[1] is not None and 0 < one[1] < 100]
    if table.keys and table.stored_as_scd_type == 1:
        last = {one[0]: one for one in sorted(good, key=lambda one: one[2])}
        good = list(last.values())
    return sorted(good)


def released(lake: Lake, table: SilverTable, wanted: Release = MEND) -> Materialization:
    return release(table, lake, start_spark, wanted)


@pytest.mark.parametrize("table", [appended, merged, versioned], ids=lambda table: table.name)
def test_mended_rows_are_written_once_and_the_others_stay(lake: Lake, table: SilverTable) -> None:
    land(lake, table)
    trial = try_release(table, lake, start_spark(), MEND)
    assert (trial.rows, trial.passing) == (4, 3)
    done = released(lake, table)
    assert held(lake, table) == expected(table)
    assert quarantined(lake, table) == [(3, None, 1), (4, 500, 1)]
    counts = {count.name: (count.failed, count.evaluated) for count in done.expectations}
    assert counts == {"positive": (1, 4), "small": (1, 4)}
    assert done.rows.conserved
    assert (done.rows.read, done.rows.kept, done.batches) == (3, 3, 1)
    left = left_in_quarantine(table, lake, start_spark())
    assert (left.rows, left.by_rule) == (2, {"positive": 1, "small": 2})

    before = commits(lake, table)
    assert released(lake, table).batches == 0
    assert run(table, lake).batches == 0
    assert commits(lake, table) == before
    # A rule that was too strict lets the rest of its rows go.
    loose = replace(table, expectations=(POSITIVE, expect_or_quarantine("small", "value < 1000")))
    assert released(lake, loose, Release()).rows.kept == 1
    assert quarantined(lake, table) == [(3, None, 1)]


STEPS: list[tuple[Any, str]] = [
    (released_rows.ReleasedRows, "_mark"),
    (SilverWriting, "put"),
    (released_rows.ReleasedRows, "_remove"),
    (Releases, "end"),
]


@pytest.mark.parametrize(
    ("table", "owner", "name"),
    [*((appended, *step) for step in STEPS), (versioned, *STEPS[1])],
    ids=[*(name for _, name in STEPS), "put versions"],
)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whatever_step_the_process_dies_at_the_next_run_completes_it(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    table: SilverTable,
    owner: type,
    name: str,
    moment: str,
) -> None:
    land(lake, table)
    real: Callable[..., Any] = getattr(owner, name)

    def dies(*given: Any, **named: Any) -> Any:
        if moment == "after":
            real(*given, **named)
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(owner, name, dies)
        with pytest.raises(KilledError):
            released(lake, table)
    # The rules at the second attempt say otherwise of what was let go at the first.
    strict = replace(table, expectations=(*table.expectations, expect_or_quarantine("no", "id<0")))
    marked = (name, moment) != ("_mark", "before")
    run(strict if marked else table, lake)
    assert held(lake, table) == expected(table)
    assert quarantined(lake, table) == [(3, None, 1), (4, 500, 1)]
    assert run(table, lake).batches == 0


def test_a_rebuild_repeats_what_was_mended(lake: Lake) -> None:
    land(lake, merged)
    released(lake, merged)
    parity = rebuild(Lakehouse.from_tables([merged]), merged, lake, start_spark)
    assert parity[0].equal
    assert held(lake, merged) == expected(merged)
    assert quarantined(lake, merged) == [(3, None, 1), (4, 500, 1)]


def test_what_cannot_be_computed_or_may_not_pass_changes_nothing(lake: Lake) -> None:
    land(lake, merged)
    before = (held(lake, merged), quarantined(lake, merged))
    for wanted, message in (
        (Release(repairs={"price": "1"}), r"silver\.merged has no column price.*it has id, value"),
        (Release(repairs={"_broken_rules": "array()"}), "no column _broken_rules"),
        (Release("vallue > 1"), "can't be computed"),
        (Release(repairs={"value": "abs("}), "can't be computed"),
    ):
        with pytest.raises(OptionError, match=message):
            released(lake, merged, wanted)
    never = replace(merged, expectations=(POSITIVE, expect_or_fail("not_four", "id <> 4")))
    with pytest.raises(ExpectationFailedError, match="not_four"):
        released(lake, never, Release())
    with pytest.raises(OptionError, match="has no quarantine"):
        released(lake, replace(merged, expectations=()))
    assert (held(lake, merged), quarantined(lake, merged)) == before
    there = DeltaLog(lake.quarantine_path(merged)).columns()
    assert set(COLUMNS) <= {column.name for column in there}
