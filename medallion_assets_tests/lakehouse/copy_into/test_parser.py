"""The grammar of COPY INTO: what is accepted means the same when it is printed and parsed again."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.options.modes import FileFormat
from medallion_assets.lakehouse.copy_into.parser import MOST_FILES, parse
from medallion_assets.lakehouse.copy_into.statement import (
    ALL_ROWS,
    CopyInto,
    Expression,
    TableName,
    TablePath,
)
from medallion_assets.lakehouse.errors import StatementError

BASE = "COPY INTO t FROM '/landing' FILEFORMAT = CSV"

_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_HOSTILE = st.sampled_from(
    ["'; DROP TABLE t; --", "a' OR '1'='1", "\\", "\\'", "''", '"', "`", "/*", "*/", "-- x", "\n;"]
)
_STRINGS = _TEXTS | _HOSTILE
_PATHS = _STRINGS.filter(lambda text: bool(text.strip()))
_NAMES = _STRINGS.filter(bool)
_EXPRESSIONS = st.sampled_from(
    [
        Expression("*"),
        Expression("a"),
        Expression("`from`"),
        Expression("_c0::int AS `select`"),
        Expression("cast(_c1 AS decimal(12, 2)) price"),
        Expression("named_struct('x', a, 'y', 'it\\'s, )FROM(')"),
        Expression("_metadata.file_path"),
        Expression("extract(YEAR FROM ordered_at) AS y"),
        Expression("trim(BOTH 'x' FROM a)"),
        Expression("transform(l, e -> e + 1)"),
        Expression("CASE WHEN a > 1 THEN 'x' ELSE \"y\" END AS k"),
        Expression("a[0].b"),
        Expression("a /* , */ -- FROM\n + 1"),
        Expression("count(*) AS n", aggregates=True),
    ]
)
_OPTIONS = st.lists(
    st.tuples(_NAMES, _STRINGS), max_size=3, unique_by=lambda pair: pair[0].lower()
).map(tuple)


@st.composite
def _statements(draw: st.DrawFn) -> CopyInto:
    parts = st.lists(_NAMES, min_size=1, max_size=3).map(tuple)
    named = parts.filter(lambda found: len(found) != 2 or found[0].lower() != "delta")
    target = draw(st.builds(TablePath, _NAMES) | st.builds(TableName, named))
    places = draw(st.sampled_from(["none", "position", "columns"]))
    chosen = draw(st.sampled_from(["none", "files", "pattern"]))
    return CopyInto(
        target=target,
        source=draw(_PATHS),
        file_format=draw(st.sampled_from(get_args(FileFormat))),
        by_position=places == "position",
        columns=draw(st.lists(_NAMES, min_size=1).map(tuple)) if places == "columns" else (),
        expressions=draw(st.lists(_EXPRESSIONS, max_size=4).map(tuple)),
        validate=draw(st.none() | st.just(ALL_ROWS) | st.integers(1, 10**9)),
        files=draw(st.lists(_STRINGS, min_size=1).map(tuple)) if chosen == "files" else (),
        pattern=draw(_STRINGS) if chosen == "pattern" else None,
        format_options=draw(_OPTIONS),
        copy_options=draw(_OPTIONS),
    )


@settings(max_examples=500)
@given(_statements())
def test_a_statement_means_the_same_when_it_is_printed(statement: CopyInto) -> None:
    assert parse(statement.sql()) == statement


@settings(max_examples=500)
@given(_statements(), st.data())
def test_what_is_refused_has_a_position_and_a_reason(
    statement: CopyInto, data: st.DataObject
) -> None:
    sql = statement.sql()
    start = data.draw(st.integers(0, len(sql)))
    end = data.draw(st.integers(start, min(len(sql), start + 8)))
    put = data.draw(_STRINGS | st.sampled_from(["FROM", "(", ")", ",", "=", ";", " VALIDATE "]))
    changed = sql[:start] + put + sql[end:]
    refused, accepted = None, None
    try:
        accepted = parse(changed)
    except StatementError as error:
        refused = error
    if refused is not None:
        lines = changed.split("\n")
        assert refused.reason
        assert 1 <= refused.line <= len(lines)
        assert 1 <= refused.column <= len(lines[refused.line - 1]) + 1
    else:
        assert accepted is not None
        assert parse(accepted.sql()) == accepted


@given(_STRINGS)
def test_a_text_is_what_it_says_wherever_it_stands(text: str) -> None:
    said = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    assert parse(f"{BASE} FORMAT_OPTIONS ('sep' = {said})").format_options == (("sep", text),)
    assert parse(f"{BASE} PATTERN = {said}").pattern == text
    assert parse(f"{BASE} FILES = ({said}, {said})").files == (text, text)


@pytest.mark.parametrize(
    ("said", "target"),
    [
        ("t", TableName(("t",))),
        ("silver.orders", TableName(("silver", "orders"))),
        ("a.`b.c`.d", TableName(("a", "b.c", "d"))),
        ("delta.`/lake/t`", TablePath("/lake/t")),
        ("DELTA.`/it``s`", TablePath("/it`s")),
        ("date", TableName(("date",))),
    ],
)
def test_the_target(said: str, target: TableName | TablePath) -> None:
    assert parse(f"COPY INTO {said} FROM '/landing' FILEFORMAT = CSV").target == target


def test_where_the_columns_go() -> None:
    assert parse(BASE.replace("t FROM", "t BY POSITION FROM")).by_position
    assert parse(BASE.replace("t FROM", "t (a, `b c`) FROM")).columns == ("a", "b c")
    assert not parse(BASE).by_position


def test_the_source_and_its_expressions() -> None:
    sql = "COPY INTO t FROM (SELECT a, max(b[0]) AS b,\n c FROM '/landing') FILEFORMAT = JSON"
    parsed = parse(sql)
    assert parsed.source == "/landing"
    assert parsed.expressions == (
        Expression("a"), Expression("max(b[0]) AS b", aggregates=True), Expression("c"),
    )  # fmt: skip
    assert [sql[one.offset] for one in parsed.expressions] == ["a", "m", "c"]


@pytest.mark.parametrize("kind", get_args(FileFormat))
def test_the_format(kind: FileFormat) -> None:
    assert parse(f"COPY INTO t FROM 'x' FILEFORMAT = {kind.upper()}").file_format == kind
    assert parse(f"copy into t from 'x' fileformat='{kind}'").file_format == kind


@pytest.mark.parametrize(
    ("said", "rows"),
    [("", None), ("VALIDATE", ALL_ROWS), ("VALIDATE ALL", ALL_ROWS), ("VALIDATE 15 ROWS", 15)],
)
def test_what_is_validated(said: str, rows: int | str | None) -> None:
    assert parse(f"{BASE} {said} FILES = ('a')").validate == rows


def test_which_files() -> None:
    assert parse(f"{BASE} FILES = ('a.csv', r'b\\n')").files == ("a.csv", "b\\n")
    assert parse(f"{BASE} PATTERN = 'day=*/[a-c].csv'").pattern == "day=*/[a-c].csv"


def test_options_are_strings_numbers_and_booleans() -> None:
    parsed = parse(f"{BASE} FORMAT_OPTIONS (header = TRUE, 'sep' = '|', a.b = -1.5, c = 'x' 'y')")
    assert parsed.format_options == (
        ("header", "true"), ("sep", "|"), ("a.b", "-1.5"), ("c", "xy"),
    )  # fmt: skip


def test_clauses_in_any_order_comments_and_a_semicolon_at_the_end() -> None:
    parsed = parse(
        f"/* nightly */ {BASE} -- products\nCOPY_OPTIONS('force'='true') PATTERN='*' VALIDATE ALL;"
    )
    assert (parsed.copy_options, parsed.pattern) == ((("force", "true"),), "*")


@pytest.mark.parametrize(
    ("sql", "where", "reason"),
    [
        ("", (1, 1), "Expected COPY"),
        ("MERGE INTO t", (1, 1), "Expected COPY, found MERGE"),
        ("COPY INTO", (1, 10), "Expected the name of a table"),
        ("COPY INTO a.b.c.d FROM 'x' FILEFORMAT = CSV", (1, 17), "at most three parts"),
        ("COPY INTO t VERSION AS OF 3 FROM 'x'", (1, 13), "Expected FROM, found VERSION"),
        ("COPY INTO t\nFROM '' FILEFORMAT = CSV", (2, 6), "path is empty"),
        ("COPY INTO t FROM x FILEFORMAT = CSV", (1, 18), "path as a string, found x"),
        ("COPY INTO t FROM 'x' FILEFORMAT = XLS", (1, 35), "must be one of avro"),
        ("COPY INTO t FROM 'x' FORMAT = CSV", (1, 22), "Expected FILEFORMAT, found FORMAT"),
        ("COPY INTO t FROM (SELECT FROM 'x') FILEFORMAT = CSV", (1, 26), "Expected an expression"),
        ("COPY INTO t FROM (SELECT a b c FROM 'x') FILEFORMAT = CSV", (1, 30), "SELECT list"),
        ("COPY INTO t FROM (SELECT a FROM 'x' WHERE a) FILEFORMAT = CSV", (1, 37), "found WHERE"),
        ("COPY INTO t FROM (SELECT DISTINCT a FROM 'x') FILEFORMAT = CSV", (1, 26), "DISTINCT"),
        ("COPY INTO t FROM (SELECT (SELECT 1) FROM 'x') FILEFORMAT = CSV", (1, 26), "queries"),
        ("COPY INTO t FROM (SELECT sum(a) OVER () FROM 'x') FILEFORMAT = CSV", (1, 26), "windows"),
        ("COPY INTO t FROM (SELECT a, :b FROM 'x') FILEFORMAT = CSV", (1, 29), "SELECT list"),
        ("COPY INTO t FROM (SELECT a", (1, 27), "Expected FROM"),
        ("COPY INTO t FROM 'x' WITH (CREDENTIAL c) FILEFORMAT = CSV", (1, 22), "logs would keep"),
        (f"{BASE} VALIDATE 0 ROWS", (1, 55), "above 0"),
        (f"{BASE} VALIDATE 3", (1, 56), "Expected ROWS"),
        (f"{BASE} FILES = ()", (1, 55), "name of a file"),
        (f"{BASE}\nFILES = ('a') PATTERN = 'b'", (2, 15), "does not go with FILES"),
        (f"{BASE} PATTERN = 'a' PATTERN = 'b'", (1, 60), "given twice"),
        (f"{BASE} COPY_OPTIONS ('force' = 'true', FORCE = false)", (1, 78), "given twice"),
        (f"{BASE} FORMAT_OPTIONS ('a' = b)", (1, 68), "an option's value"),
        (f"{BASE} OPTIONS ('a' = 'b')", (1, 46), "or the end of the statement, found OPTIONS"),
        (f"{BASE}; DROP TABLE t", (1, 47), "One statement at a time"),
        (f"{BASE} PATTERN = 'a", (1, 58), "can't be read"),
    ],
)  # fmt: skip
def test_what_it_is_not(sql: str, where: tuple[int, int], reason: str) -> None:
    with pytest.raises(StatementError) as refused:
        parse(sql)
    assert reason in refused.value.reason
    assert (refused.value.line, refused.value.column) == where
    shown = str(refused.value).splitlines()
    assert shown[-1] == " " * (where[1] - 1) + "^"
    assert shown[-2] == (sql.split("\n")[where[0] - 1] if sql else "")


def test_more_files_than_a_statement_takes() -> None:
    names = ", ".join(f"'{number}.csv'" for number in range(MOST_FILES + 1))
    with pytest.raises(StatementError, match="1001 names and takes 1000"):
        parse(f"{BASE} FILES = ({names})")
