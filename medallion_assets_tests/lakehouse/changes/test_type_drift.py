"""Changes whose types are no longer those of the table: no value is bent.

What a table is to hold is written here in plain Python, beside the SQL of what was given.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import AppliedChanges, apply_changes
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import TypeDriftError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Give = Callable[..., AppliedChanges]
KINDS: list[dict[str, Any]] = [
    {},
    {"stored_as_scd_type": 2},
    {"ignore_null_updates": True},
    {"apply_as_truncates": "false"},
]
"""The ways a table is made: by the newest row of a key, and of all its changes."""

NOON = datetime.datetime.fromisoformat("2024-01-01 12:30:00")
DAY = datetime.date(2024, 1, 1)
MIDNIGHT = datetime.datetime.combine(DAY, datetime.time())

FIT: list[tuple[str, str, Any]] = [
    ("1", "5.0D", 5),
    ("1", "5.00BD", 5),
    ("1", "5L", 5),
    ("1", "'7'", 7),
    ("1", "'-7'", -7),
    ("1", "null", None),
    ("1", "cast(2 as float)", 2),
    ("1L", "9007199254740992D", 2**53),
    ("1D", "9007199254740993L - 1", float(2**53)),
    ("1D", "9007199254740994L", float(2**53 + 2)),
    ("1D", "cast(0.5 as float)", 0.5),
    ("1D", "0.1BD", 0.1),
    ("1D", "'1.5'", 1.5),
    ("1D", "'2'", 2.0),
    ("1D", "'1e3'", 1000.0),
    ("cast(1 as float)", "0.5D", 0.5),
    ("cast(1 as decimal(10,2))", "1.2300BD", Decimal("1.23")),
    ("cast(1 as decimal(10,2))", "7", Decimal("7.00")),
    ("cast(1 as decimal(10,2))", "1.5D", Decimal("1.50")),
    ("cast(1 as decimal(10,2))", "'1.5'", Decimal("1.50")),
    ("cast(1 as decimal(10,2))", "cast(1.2 as decimal(4,1))", Decimal("1.20")),
    ("date'2023-05-05'", "timestamp'2024-01-01 00:00:00'", DAY),
    ("date'2023-05-05'", "timestamp_ntz'2024-01-01 00:00:00'", DAY),
    ("date'2023-05-05'", "'2024-01-01'", DAY),
    ("timestamp_ntz'2023-05-05 01:00:00'", "timestamp'2024-01-01 12:30:00'", NOON),
    ("timestamp'2023-05-05 01:00:00'", "timestamp_ntz'2024-01-01 12:30:00'", NOON),
    ("timestamp'2023-05-05 01:00:00'", "date'2024-01-01'", MIDNIGHT),
    ("timestamp'2023-05-05 01:00:00'", "'2024-01-01 12:30:00'", NOON),
    ("timestamp'2023-05-05 01:00:00'", "'2024-01-01T12:30:00Z'", NOON),
    ("'a'", "7", "7"),
    ("'a'", "1.50BD", "1.50"),
    ("'a'", "true", "true"),
    ("'a'", "date'2024-01-01'", "2024-01-01"),
    ("'a'", "cast('ä' as binary)", "ä"),
    ("cast('a' as binary)", "'ä'", bytearray("ä".encode())),
    ("true", "'false'", False),
    ("array(1)", "array(2.0D, null)", [2, None]),
    ("map('k', 1)", "map('k', 2.0D)", {"k": 2}),
    ("map(1, 'v')", "map(2L, 'w')", {2: "w"}),
    ("struct(1 as a, 2 as b)", "struct(3.0D as b, 4L as a)", {"a": 4, "b": 3}),
    ("struct(1 as a, 2 as b)", "struct(3 as a)", {"a": 3, "b": None}),
    ("struct(1 as a)", "struct(3 as a, 4 as b)", {"a": 3, "b": 4}),
    ("array(struct(1 as a, 2 as b))", "array(struct(3L as a))", [{"a": 3, "b": None}]),
    ("array(struct(1 as a))", "array(struct(3L as a, 4 as b))", [{"a": 3, "b": 4}]),
    ("struct(array(map('k', 1)) as a)", "struct(array(map('k', 2L)) as a)", {"a": [{"k": 2}]}),
]
"""What is stored, what comes, and what is held then: the types stay."""

WIDEN: list[tuple[str, str, str, Any]] = [
    ("1", "1.7D", "double", 1.7),
    ("1", "cast(1.5 as float)", "double", 1.5),
    ("1", "3000000000L", "bigint", 3_000_000_000),
    ("1", "1.25BD", "decimal(12,2)", Decimal("1.25")),
    ("1S", "70000", "int", 70_000),
    ("1L", "1.25BD", "decimal(22,2)", Decimal("1.25")),
    ("cast(1 as float)", "0.1D", "double", 0.1),
    ("cast(1 as float)", "16777217", "double", 16_777_217.0),
    ("cast(1 as decimal(10,2))", "cast(1.2345 as decimal(10,4))", "decimal(12,4)",
     Decimal("1.2345")),
    ("cast(1 as decimal(4,2))", "123", "decimal(12,2)", Decimal("123.00")),
    ("date'2023-05-05'", "timestamp_ntz'2024-01-01 12:30:00'", "timestamp_ntz", NOON),
    ("date'2023-05-05'", "timestamp'2024-01-01 12:30:00'", "timestamp_ntz", NOON),
    ("array(1)", "array(1.5D)", "array<double>", [1.5]),
    ("map('k', 1)", "map('k', 1.5D)", "map<string,double>", {"k": 1.5}),
    ("map(1, 1)", "map(3000000000L, 1)", "map<bigint,int>", {3_000_000_000: 1}),
    ("struct(1 as a, 1 as b)", "struct(1.5D as a, 2D as b)", "struct<a:double,b:int>",
     {"a": 1.5, "b": 2}),
    ("array(struct(1 as a))", "array(struct(1.5D as a))", "array<struct<a:double>>", [{"a": 1.5}]),
    ("struct(array(map('k', 1)) as a)", "struct(array(map('k', 1.5D)) as a)",
     "struct<a:array<map<string,double>>>", {"a": [{"k": 1.5}]}),
]  # fmt: skip
"""What is stored, what comes, and the type and the value that are held then."""

MISFIT: list[tuple[str, str]] = [
    ("1L", "1.5D"),
    ("1L", "9.3e18D"),
    ("1L", "9223372036854775808D"),
    ("1L", "cast('NaN' as double)"),
    ("1D", "9007199254740993L"),
    ("1D", "9223372036854775807L"),
    ("1D", "12345678901234567.89BD"),
    ("cast(1 as float)", "9223372036854775807L"),
    ("cast(1 as float)", "16777217L"),
    ("cast(1 as decimal(10,2))", "1.239D"),
    ("cast(1 as decimal(38,2))", "1.239BD"),
    ("cast(1 as decimal(38,0))", "cast(1152921504606846976 as double)"),
    ("1", "'07'"),
    ("1", "'x'"),
    ("1", "''"),
    ("1", "' 7'"),
    ("1D", "'9007199254740993'"),
    ("1", "true"),
    ("1", "date'2024-01-01'"),
    ("1L", "timestamp'2024-01-01 00:00:00'"),
    ("true", "1"),
    ("true", "'t'"),
    ("date'2024-01-01'", "1"),
    ("date'2024-01-01'", "'2024-1-1'"),
    ("timestamp'2024-01-01 00:00:00'", "1L"),
    ("'a'", "X'ff'"),
    ("cast('a' as binary)", "1"),
    ("'a'", "struct(1 as a)"),
    ("struct(1 as a)", "'a'"),
    ("array(1)", "1"),
    ("array('a')", "array(X'ff')"),
    ("array(1L)", "array(1.5D)"),
    ("map('k', 1L)", "map('k', 1.5D)"),
    ("map(1, 1)", "map('x', 1)"),
    ("array(struct(1L as a))", "array(struct(2.0D as a), struct(1.5D as a))"),
    ("parse_json('1')", "1"),
]
"""What is stored, and what can't be: neither as it is nor in a wider column."""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "t"


@pytest.fixture
def give(spark: SparkSession, table: Path) -> Give:
    def given(selected: str, **rules: Any) -> AppliedChanges:
        wanted: dict[str, Any] = {
            "keys": ["id"], "sequence_by": "seq", "except_columns": ["seq"], **rules,
        }  # fmt: skip
        return apply_changes(spark, spark.sql(f"select {selected}"), f"delta.`{table}`", **wanted)

    return given


def versions(table: Path) -> dict[Path, int]:
    """The versions of the table and of all that is kept beside it."""
    logs = [log.parent for log in table.rglob("_delta_log")]
    return {path: DeltaLog(path).version_number() for path in logs}


@contextmanager
def nothing_written(table: Path) -> Iterator[None]:
    before = versions(table)
    assert before
    yield
    assert versions(table) == before


def held(spark: SparkSession, table: Path, *columns: str) -> list[tuple[Any, ...]]:
    found = spark.read.format("delta").load(str(table)).select(*columns or "*").collect()
    return sorted((tuple(_plain(value) for value in row) for row in found), key=repr)


def by_column(spark: SparkSession, table: Path) -> dict[str, list[Any]]:
    frame = spark.read.format("delta").load(str(table))
    rows = frame.collect()
    return {name: [_plain(row[name]) for row in rows] for name in frame.columns}


def kinds(spark: SparkSession, table: Path) -> dict[str, str]:
    return dict(spark.read.format("delta").load(str(table)).dtypes)


def _plain(value: Any) -> Any:
    if hasattr(value, "asDict"):
        return value.asDict(recursive=True)
    return [_plain(part) for part in value] if isinstance(value, list) else value


def _shared(cases: list[Any], rules: dict[str, Any]) -> list[Any]:
    """The cases that are tried on a kind of table: each on one, for all are fitted in one place."""
    return cases[KINDS.index(rules) :: len(KINDS)]


def _columns(values: list[str]) -> str:
    return ", ".join(f"{value} as c{number}" for number, value in enumerate(values))


@pytest.mark.parametrize("rules", KINDS, ids=str)
def test_values_that_fit_are_held_by_the_types_that_are_there(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    # One null is no value to be filled in by the column before it.
    nulls = rules == KINDS[0]
    whole = [case for case in FIT if "None" not in repr(case[2])]
    cases = _shared(whole, rules) + [case for case in FIT if nulls and case not in whole]
    give(f"1 id, 1 seq, {_columns([stored for stored, _, _ in cases])}", **rules)
    before = kinds(spark, table)
    give(f"1L id, 2L seq, {_columns([came for _, came, _ in cases])}", **rules)
    after, rows = kinds(spark, table), by_column(spark, table)
    grown = {"struct<a:int>": "struct<a:int,b:int>"}
    grown |= {f"array<{one}>": f"array<{more}>" for one, more in grown.items()}
    for number, (stored, came, expected) in enumerate(cases):
        name = f"c{number}"
        assert expected in rows[name], (stored, came, rows[name])
        if after[name] != before[name]:
            assert grown[before[name]] == after[name]
    assert DeltaLog(table).features() == () or "typeWidening" not in DeltaLog(table).features()


@pytest.mark.parametrize("rules", KINDS, ids=str)
def test_columns_widen_where_a_value_needs_it(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    cases = _shared(WIDEN, rules)
    give(f"1 id, 1 seq, {_columns([case[0] for case in cases])}", **rules)
    give(f"1 id, 2 seq, {_columns([case[1] for case in cases])}", **rules)
    found, rows = kinds(spark, table), by_column(spark, table)
    for number, (stored, came, kind, expected) in enumerate(cases):
        assert found[f"c{number}"] == kind, (stored, came)
        assert expected in rows[f"c{number}"], (stored, came)
    # A narrower type again is no drift to be told of, and the same again changes nothing.
    give(f"2 id, 3 seq, {_columns([case[0] for case in cases])}", **rules)
    assert len(held(spark, table, "id")) == (3 if rules == KINDS[1] else 2)
    with nothing_written(table):
        give(f"2 id, 3 seq, {_columns([case[0] for case in cases])}", **rules)


@pytest.mark.parametrize("rules", KINDS, ids=str)
def test_values_that_fit_nowhere_are_an_error_and_nothing_is_written(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    cases = _shared(MISFIT, rules)
    give(f"1 id, 1 seq, {_columns([stored for stored, _ in cases])}", **rules)
    had = kinds(spark, table)
    came = f"2 id, 2 seq, {_columns([came for _, came in cases])}, 'new' as appears"
    types = dict(spark.sql(f"select {came}").dtypes)
    with nothing_written(table), pytest.raises(TypeDriftError) as raised:
        give(came, **rules)
    told = str(raised.value)
    assert str(table) in told
    assert "Nothing was written, and trying again with the same rows ends the same way." in told
    reasons = re.findall(r"the column c(\d+)[^ ]* is (.+?)(?= Also the column|$)", told)
    assert [int(number) for number, _ in reasons] == list(range(len(cases)))
    for number, reason in reasons:
        assert "for example {" in reason
        nested = any(part in had[f"c{number}"] for part in ("array", "map"))
        assert nested or types[f"c{number}"] in reason
    assert held(spark, table, "id") == [(1,)]


@pytest.mark.parametrize("rules", KINDS[:2], ids=str)
def test_a_table_that_is_told_not_to_widen_does_not(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    give("1 id, 1 seq, 1 v", **rules)
    spark.sql(
        f"alter table delta.`{table}` set tblproperties ('delta.enableTypeWidening' = 'false')"
    )
    with nothing_written(table), pytest.raises(TypeDriftError, match="enableTypeWidening is false"):
        give("1 id, 2 seq, 1.7D v", **rules)
    give("1 id, 2 seq, 2.0D v", **rules)
    assert (2,) in held(spark, table, "v")


@pytest.mark.parametrize("rules", KINDS[:2], ids=str)
def test_one_value_that_does_not_fit_is_enough(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    give("1 id, 1 seq, 1L v, 1 w", **rules)
    with nothing_written(table), pytest.raises(TypeDriftError, match=r"column v is bigint"):
        give("id, 2 seq, if(id = 77, 0.5D, id) v, 1.5D w from range(100)", **rules)
    assert kinds(spark, table)["w"] == "int"


@pytest.mark.parametrize("rules", KINDS[:2], ids=str)
def test_keys_of_another_type_are_the_rows_they_say(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any]
) -> None:
    give("id, 1 seq, 'old' v from values (1), (7) as t(id)", **rules)
    for key in ("'07'", "'x'", "' 1'", "true"):
        with nothing_written(table), pytest.raises(TypeDriftError, match="column id is int"):
            give(f"{key} id, 2 seq, 'new' v", **rules)
    give("'7' id, 2 seq, 'new' v", **rules)
    assert (7, "new") in held(spark, table, "id", "v")
    give("1.5D id, 3 seq, 'half' v", **rules)
    found = held(spark, table, "id", "v")
    assert {(1.0, "old"), (1.5, "half"), (7.0, "new")} <= set(found)
    give("1 id, 4 seq, 'newest' v", **rules)
    assert (1.0, "newest") in held(spark, table, "id", "v")


@pytest.mark.parametrize("rules", KINDS[:2], ids=str)
@pytest.mark.parametrize(
    ("first", "later", "earlier", "refused"),
    [
        ("10", "10.5D", "9.5D", ("'x'", "'010'", "timestamp'2024-01-01 00:00:00'", "true")),
        ("10", "3000000000L", "9L", ()),
        ("10", "'11'", "'9'", ()),
        ("10L", "11D", "9D", ("10.5D",)),
        ("'10'", "'11'", "'09'", ("9", "11", "date'2024-01-01'")),
        ("date'2024-01-01'", "timestamp'2024-01-01 10:00:00'", "date'2023-12-31'", ("1",)),
    ],
)  # fmt: skip
def test_sequences_of_another_type_keep_their_order_or_are_refused(
    spark: SparkSession, give: Give, table: Path, rules: dict[str, Any],
    first: str, later: str, earlier: str, refused: tuple[str, ...],
) -> None:  # fmt: skip
    give(f"id, {first} seq, 'first' v from values (1), (2) as t(id)", **rules)
    for other in refused:
        with nothing_written(table), pytest.raises(TypeDriftError, match=r"sequence|__START_AT"):
            give(f"1 id, {other} seq, 'never' v", **rules)
    give(f"1 id, {later} seq, 'later' v", **rules)
    give(f"2 id, {earlier} seq, 'earlier' v", **rules)
    current = spark.read.format("delta").load(str(table))
    if rules == KINDS[1]:
        current = current.where("__END_AT is null")
    assert {tuple(row) for row in current.select("id", "v").collect()} == {
        (1, "later"), (2, "first"),
    }  # fmt: skip


def test_several_sequences_widen_part_by_part(spark: SparkSession, give: Give, table: Path) -> None:
    rules: dict[str, Any] = {"sequence_by": ["seq", "part"], "except_columns": ["seq", "part"]}
    give("1 id, 1 seq, 1 part, 'first' v", **rules)
    give("1 id, 1L seq, 1.5D part, 'later' v", **rules)
    give("1 id, 1 seq, 1.25D part, 'between' v", **rules)
    assert held(spark, table) == [(1, "later")]


def test_outside_utc_a_clock_on_the_wall_is_no_moment(
    spark: SparkSession, give: Give, table: Path
) -> None:
    give("1 id, 1 seq, date'2024-01-01' d, timestamp_ntz'2024-01-01 10:00:00' n, 'a' s")
    zone = spark.conf.get("spark.sql.session.timeZone")
    assert zone is not None
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        for name in ("d", "n", "s"):
            with nothing_written(table), pytest.raises(TypeDriftError):
                give(f"1 id, 2 seq, timestamp'2024-01-01 10:00:00' {name}")
        give("1 id, 2 seq, timestamp'2024-01-02 00:00:00' d")
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    assert held(spark, table, "d") == [(datetime.date(2024, 1, 2),)]


def test_a_column_that_delta_does_not_change_is_told(
    spark: SparkSession, give: Give, table: Path
) -> None:
    give("1 id, 1 seq, 1 v")
    spark.sql(f"alter table delta.`{table}` add constraint small check (v < 10)")
    with pytest.raises(TypeDriftError, match="Delta does not change them"):
        give("1 id, 2 seq, 1.5D v")
    assert held(spark, table) == [(1, 1)]
