"""Where a row goes, against the same rules in plain Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import ExpectationFailedError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import (
    expect,
    expect_or_drop,
    expect_or_fail,
    expect_or_quarantine,
)
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, commits, raw, rows, run

pytestmark = pytest.mark.usefixtures("spark")

source = raw("readings")
FIELDS = {"id": pa.int64(), "value": pa.int64(), "unit": pa.string(), "trace": pa.string()}
CLEAN = (
    expect("unit_known", "unit in ('C', 'F')"),
    expect_or_quarantine("value_present", "_value is not null"),
    expect_or_quarantine("value_small", "value < 100"),
    expect_or_drop("not_a_test", "unit <> 'test'"),
)
NO_ZERO = expect_or_fail("value_not_zero", "value is null or value <> 0")
appended = SilverTable(
    name="appended",
    source=source,
    transform=lambda readings: readings.selectExpr(
        "id", "value", "unit", "value as _value", "trace as _trace"
    ),
    expectations=(*CLEAN, NO_ZERO),
)
merged = replace(appended, name="merged", keys=("id",), sequence_by=("id",))

Row = dict[str, Any]
RULES: dict[str, Callable[[Row], bool]] = {
    # In Python as a person means it: what is not known to hold does not hold.
    "unit_known": lambda row: row["unit"] in ("C", "F"),
    "value_present": lambda row: row["value"] is not None,
    "value_small": lambda row: row["value"] is not None and row["value"] < 100,
    "not_a_test": lambda row: row["unit"] is not None and row["unit"] != "test",
}


def row(key: int, value: int | None, unit: str | None) -> Row:
    return {"id": key, "value": value, "unit": unit, "trace": f"line {key}"}


READINGS = [
    row(1, 10, "C"),
    row(2, 20, "K"),  # warned of, and kept
    row(3, None, "C"),  # breaks value_present, and value_small by a null verdict
    row(4, 100, "F"),
    row(5, 50, "test"),
    row(6, 500, "test"),  # quarantine wins over drop
    row(7, None, None),  # breaks everything
    row(8, 99, "F"),
]


def broken(reading: Row) -> list[str]:
    return [name for name, holds in RULES.items() if not holds(reading)]


def is_quarantined(reading: Row) -> bool:
    return bool({"value_present", "value_small"} & set(broken(reading)))


def is_dropped(reading: Row) -> bool:
    return "not_a_test" in broken(reading) and not is_quarantined(reading)


@pytest.mark.parametrize("table", [appended, merged], ids=lambda table: str(table.name))
def test_each_row_goes_where_its_rules_say(lake: Lake, table: SilverTable) -> None:
    append(lake.path(source), READINGS, FIELDS)
    done = run(table, lake)

    bad = [reading for reading in READINGS if is_quarantined(reading)]
    dropped = [reading for reading in READINGS if is_dropped(reading)]
    good = [r for r in READINGS if r not in bad and r not in dropped]
    stored = sorted(rows(lake.path(table), "id", "value", "unit"), key=lambda r: r["id"])
    assert stored == [{name: r[name] for name in ("id", "value", "unit")} for r in good]
    # What begins with `_` is for the rules and the quarantine, not for the table.
    assert {c.name for c in lake.log(table).columns()} - {"_sequence"} == {"id", "value", "unit"}

    quarantined = sorted(rows(lake.quarantine_path(table)), key=lambda r: r["id"])
    assert [(r["id"], r["_broken_rules"], r["_trace"]) for r in quarantined] == [
        (r["id"], broken(r), r["trace"]) for r in bad
    ]
    counts = {c.name: (c.failed, c.evaluated) for c in done.expectations}
    assert counts == {
        **{name: (sum(name in broken(r) for r in READINGS), len(READINGS)) for name in RULES},
        "value_not_zero": (0, len(READINGS)),
    }
    assert (done.rows.read, done.rows.kept) == (len(READINGS), len(good))
    assert (done.rows.quarantined, done.rows.dropped) == (len(bad), len(dropped))
    assert done.rows.conserved

    # A micro-batch of which nothing is kept.
    append(lake.path(source), [row(20, None, "C"), row(21, 1, "test")], FIELDS)
    done = run(table, lake)
    assert done.rows.conserved, done.rows
    assert (done.rows.read, done.rows.kept, done.rows.written) == (2, 0, 0)
    assert (done.rows.quarantined, done.rows.dropped) == (1, 1)
    assert len(rows(lake.path(table))) == len(good)
    assert len(rows(lake.quarantine_path(table))) == len(bad) + 1


@pytest.mark.parametrize("table", [appended, merged], ids=lambda table: str(table.name))
def test_a_row_that_fails_the_run_leaves_everything_as_it_was(
    lake: Lake, table: SilverTable
) -> None:
    quarantine = DeltaLog(lake.quarantine_path(table))
    append(lake.path(source), [row(30, None, "C"), row(31, 0, "F"), row(32, 1, "F")], FIELDS)
    with pytest.raises(ExpectationFailedError) as caught:
        run(table, lake)
    message = str(caught.value)
    assert caught.value.rule == "value_not_zero"
    for part in (table.full_name, "value_not_zero", NO_ZERO.condition, '"id":31', "line 31"):
        assert part in message
    assert commits(lake, table) == -1
    assert quarantine.version() is None

    # Again, now that there are rows in both.
    append(lake.path(source), READINGS, FIELDS)
    relaxed = replace(table, expectations=CLEAN)
    run(relaxed, lake)
    append(lake.path(source), [row(40, None, "C"), row(41, 0, "F"), row(42, 1, "F")], FIELDS)
    versions = commits(lake, table), quarantine.version()
    for _ in range(2):
        with pytest.raises(ExpectationFailedError):
            run(table, lake)
    assert (commits(lake, table), quarantine.version()) == versions

    done = run(relaxed, lake)
    assert (done.rows.read, done.rows.written, done.rows.quarantined) == (3, 2, 1)
    kept = {row["id"] for row in rows(lake.path(table))}
    assert kept == {31, 32, 41, 42, 1, 2, 8}
    assert sorted(r["id"] for r in rows(quarantine.path)) == [3, 4, 6, 7, 30, 40]
