"""COPY INTO on real files: every clause, and what is in the table afterwards.

What has to be there is written down by hand or read by other programs than Spark.
"""

from __future__ import annotations

import datetime
import decimal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets import copy_into
from medallion_assets.lakehouse.errors import (
    FileUnreadableError,
    MisfitError,
    OptionError,
    SourceError,
    TargetError,
)
from medallion_assets_tests.lakehouse.autoloader.formats import FORMATS, Row, WrittenFormat
from medallion_assets_tests.lakehouse.copy_into.copied_table import Make

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MERGE = "COPY_OPTIONS ('mergeSchema' = 'true')"
HEADER = "FORMAT_OPTIONS ('header' = 'true')"
IGNORE = "FORMAT_OPTIONS ('ignoreCorruptFiles' = 'true')"


def test_the_statement_of_the_documentation(spark: SparkSession, tmp_path: Path) -> None:
    source = tmp_path / "path"
    source.mkdir()
    (source / "products.csv").write_text("sku|name|price\nA1|Äpfel|1.50\nB2||\n")
    spark.sql("DROP TABLE IF EXISTS my_table")
    spark.sql("CREATE TABLE my_table USING delta")
    statement = (
        f"COPY INTO my_table FROM '{source}/' FILEFORMAT = CSV "
        "FORMAT_OPTIONS('delimiter'='|', 'header'='true') COPY_OPTIONS('mergeSchema'='true')"
    )
    first = copy_into(spark, statement)
    assert first.asDict() == {
        "num_affected_rows": 2, "num_inserted_rows": 2, "num_skipped_corrupt_files": 0,
    }  # fmt: skip
    assert first["num_inserted_rows"] == first.num_inserted_rows == 2
    rows = spark.table("my_table").orderBy("sku").toArrow().to_pylist()
    assert rows == [
        {"sku": "A1", "name": "Äpfel", "price": "1.50"},
        {"sku": "B2", "name": None, "price": None},
    ]
    again = copy_into(spark, statement)
    assert again.num_affected_rows == 0
    assert spark.table("my_table").count() == 2
    assert spark.sql("DESCRIBE HISTORY my_table").count() == 2, "CREATE TABLE and one load"
    spark.sql("DROP TABLE my_table")


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_every_format_into_a_table_without_columns(make: Make, written: WrittenFormat) -> None:
    table = make()
    rows: list[Row] = [{"id": 1, "name": "ann, \u2603"}, {"id": 2, "name": None}]
    first = written.write(table.source / "a", rows)
    options = {**written.options, "header": "true"}
    if written.name in ("csv", "xml"):
        options["inferSchema"] = "true"
    given = ", ".join(f"'{name}' = '{value}'" for name, value in options.items())
    clauses = (f"FORMAT_OPTIONS ({given})", MERGE)
    done = table.copy(written.name, *clauses)
    if written.unpack is None:
        assert table.rows("id", "name") == [(1, "ann, \u2603"), (2, None)]
        assert done.num_inserted_rows == 2
    elif written.name == "text":
        assert table.rows() == sorted((line,) for line in first.read_text().splitlines())
    else:
        assert table.rows("path", "content") == [(f"file:{first}", first.read_bytes())]
    written.write(table.source / "nested" / "b", [{"id": 3, "name": "cid"}])
    assert table.copy(written.name, *clauses).num_inserted_rows == 1
    version = table.version
    assert table.copy(written.name, *clauses).num_inserted_rows == 0
    assert table.version == version


def test_values_take_the_types_of_the_table(make: Make) -> None:
    table = make(
        "id INT, price DECIMAL(12,2), day DATE, at TIMESTAMP, ok BOOLEAN, l ARRAY<INT>, "
        "o STRUCT<a: BIGINT, b: STRING>, none STRING"
    )
    table.land(
        "a.json",
        '{"ID": 1, "price": 12.5, "day": "2026-11-01", "at": "2026-11-01T10:00:00Z", "ok": true, '
        '"l": [1, 2], "o": {"b": "x", "a": 5}}\n',
    )
    table.copy("json")
    at = datetime.datetime(2026, 11, 1, 10, tzinfo=datetime.timezone.utc)
    assert table.rows() == [
        (1, decimal.Decimal("12.50"), at.date(), at, True, [1, 2], {"a": 5, "b": "x"}, None)
    ]


@pytest.mark.parametrize(
    ("columns", "content", "shown"),
    [
        ("id INT", '{"id": 1}\n{"id": "x"}\n', '"id":"x"'),
        ("id INT", '{"id": 3000000000}\n', "3000000000"),
        ("o STRUCT<a: INT>", '{"o": {"a": "x"}}\n', '"o"'),
        ("id INT", '{"id": 1}\nnot json\n', "can't be parsed: not json"),
    ],
)
def test_what_does_not_fit_ends_the_statement(
    make: Make, columns: str, content: str, shown: str
) -> None:
    table = make(columns)
    table.land("a.json", '{"id": 0}\n' if columns == "id INT" else '{"o": {"a": 0}}\n')
    table.land("b.json", content)
    with pytest.raises(MisfitError) as refused:
        table.copy("json")
    assert shown in str(refused.value)
    assert table.rows() == []
    table.land("b.json", "")
    assert table.copy("json").num_inserted_rows == 1, "nothing was taken for loaded"


def test_records_that_can_not_be_parsed(make: Make) -> None:
    table = make("id INT")
    table.land("a.json", '{"id": 1}\nnot json\n')
    assert table.copy("json", "FORMAT_OPTIONS ('mode' = 'DROPMALFORMED')").num_inserted_rows == 1
    assert table.rows() == [(1,)]
    forced = "COPY_OPTIONS ('force' = 'true')"
    assert (
        table.copy("json", "FORMAT_OPTIONS ('mode' = 'PERMISSIVE')", forced)["num_affected_rows"]
        == 2
    )
    assert table.rows() == [(1,), (1,), (None,)]
    with pytest.raises(FileUnreadableError, match=r"a\.json"):
        table.copy("json", "FORMAT_OPTIONS ('mode' = 'FAILFAST')", forced)


def test_a_column_for_records_that_can_not_be_parsed(make: Make) -> None:
    table = make("id INT, _corrupt_record STRING")
    table.land("a.json", '{"id": 1}\nnot json\n')
    assert table.copy("json").num_inserted_rows == 2
    assert table.rows() == [(1, None), (None, "not json")]


def test_columns_the_table_lacks(make: Make) -> None:
    table = make("id INT")
    table.land("a.json", '{"id": 1, "more": {"x": 1}}\n')
    with pytest.raises(MisfitError, match=r"table lacks: more.*mergeSchema"):
        table.copy("json")
    assert table.copy("json", MERGE).num_inserted_rows == 1
    table.land("b.json", '{"id": 2, "more": {"x": 2, "y": "z"}}\n')
    assert table.copy("json", MERGE).num_inserted_rows == 1
    assert table.rows() == [(1, {"x": 1, "y": None}), (2, {"x": 2, "y": "z"})]


def test_a_list_of_expressions(make: Make) -> None:
    table = make("key BIGINT, name STRING, price DECIMAL(10,2), file STRING")
    table.land("a.csv", "7;ann;1,50\n8;bob;2,25\n")
    done = table.copy(
        "csv",
        "FORMAT_OPTIONS ('sep' = ';')",
        select="_c0::bigint AS KEY, upper(_c1) name,\n replace(_c2, ',', '.') AS price, "
        "_metadata.file_name AS file",
    )
    assert done.num_inserted_rows == 2
    assert table.rows() == [
        (7, "ANN", decimal.Decimal("1.50"), "a.csv"),
        (8, "BOB", decimal.Decimal("2.25"), "a.csv"),
    ]


def test_expressions_over_files_with_different_columns(make: Make) -> None:
    table = make("id BIGINT, name STRING")
    table.land("a.csv", "id,name\n1,ann\n")
    table.land("b.csv", "name,id\nbob,2\n")
    assert table.copy("csv", HEADER, select="name, id").num_inserted_rows == 2
    assert table.rows() == [(1, "ann"), (2, "bob")]
    with pytest.raises(MisfitError, match="table lacks: n2"):
        table.copy("csv", HEADER, "COPY_OPTIONS ('force' = 'true')", select="*, name AS n2")
    done = table.copy(
        "csv",
        HEADER,
        "COPY_OPTIONS ('force' = 'true', 'mergeSchema' = 'true')",
        select="*, id AS n",
    )
    assert done.num_inserted_rows == 2
    assert table.rows("id", "n")[0] == (1, "1")


def test_one_row_of_all(make: Make) -> None:
    table = make("n BIGINT, top STRING")
    table.land("a.csv", "id,name\n1,ann\n")
    table.land("b.csv", "name,id\nbob,2\n")
    assert (
        table.copy("csv", HEADER, select="count(*) AS n, max(name) AS top").num_inserted_rows == 1
    )
    assert table.rows() == [(2, "bob")]


def test_a_value_that_an_expression_leaves_unfit(make: Make) -> None:
    table = make("id INT")
    table.land("a.csv", "1\nx\n")
    with pytest.raises(MisfitError, match="id: x"):
        table.copy("csv", select="_c0 AS id")
    done = table.copy("csv", select="try_cast(_c0 AS int) AS id")
    assert (done.num_inserted_rows, table.rows()) == (2, [(1,), (None,)])


def test_by_position(make: Make) -> None:
    table = make("id INT, double_id INT GENERATED ALWAYS AS (id * 2), name STRING")
    table.land("a.csv", "1,ann\n2,bob\n")
    assert table.copy("csv", places="BY POSITION").num_inserted_rows == 2
    assert table.rows() == [(1, 2, "ann"), (2, 4, "bob")]
    table.land("b.csv", "3,cid,x\n")
    with pytest.raises(MisfitError, match=r"3 columns.*place for 2"):
        table.copy("csv", "FILES = ('b.csv')", places="BY POSITION")


def test_a_list_of_columns(make: Make) -> None:
    table = make("id INT, name STRING, more STRING")
    table.land("a.csv", "ann,1\n")
    table.copy("csv", places="(name, id)")
    assert table.rows() == [(1, "ann", None)]


@pytest.mark.parametrize(("format_", "clause"), [("csv", HEADER), ("json", "")])
def test_places_are_for_columns_without_names(make: Make, format_: str, clause: str) -> None:
    table = make("id INT")
    with pytest.raises(OptionError, match="CSV files without a header"):
        table.copy(format_, clause, places="BY POSITION")


def test_defaults_generated_and_identity_columns(make: Make) -> None:
    table = make(
        "n BIGINT GENERATED ALWAYS AS IDENTITY, id INT, kind STRING DEFAULT 'new', "
        "twice INT GENERATED ALWAYS AS (id * 2)",
        "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
    )
    table.land("a.json", '{"id": 1}\n')
    table.copy("json")
    table.land("b.json", '{"id": 2, "kind": "old"}\n')
    table.copy("json", select="id, kind")
    rows = table.spark.table(table.name).orderBy("id").collect()
    assert [(row.id, row.kind, row.twice) for row in rows] == [(1, "new", 2), (2, "old", 4)]
    assert len({row.n for row in rows}) == 2


def test_columns_from_directories(make: Make) -> None:
    table = make("id INT, day DATE")
    table.land("day=2026-11-01/a.json", '{"id": 1}\n')
    table.copy("json")
    assert table.rows() == [(1, datetime.date(2026, 11, 1))]


def test_the_history_tells_of_it(make: Make) -> None:
    table = make("id INT")
    table.land("a.json", '{"id": 1}\n{"id": 2}\n')
    table.land("b.parquet", "broken")
    table.land("c.json.gz", "broken")
    table.copy("json", IGNORE, "PATTERN = '*.json*'")
    newest = table.spark.sql(f"DESCRIBE HISTORY {table.name}").orderBy("version").collect()[-1]
    assert newest["operationMetrics"]["numOutputRows"] == "2"
    assert newest["userMetadata"] == (
        '{"operation": "COPY INTO", "numFiles": 1, "numSkippedCorruptFiles": 1}'
    )


def test_nothing_is_written_where_it_is_validated(make: Make) -> None:
    table = make("id INT NOT NULL")
    table.spark.sql(f"ALTER TABLE {table.name} ADD CONSTRAINT small CHECK (id < 100)")
    table.land("a.json", '{"id": 1}\n{"id": 2}\n')
    before = sorted(path for path in table.root.rglob("*"))
    assert table.copy("json", "VALIDATE ALL").num_affected_rows == 0
    seen = table.copy("json", "VALIDATE 1 ROWS")
    assert [row.asDict() for row in seen.preview] == [{"id": 1}]
    assert sorted(path for path in table.root.rglob("*")) == before
    for bad, reason in (
        ('{"id": null}', "NOT NULL"), ('{"id": 100}', "small"), ('{"id": "x"}', "without a place"),
        ('{"it": 1}', "table lacks: it"), ("no", "can't be parsed"),
    ):  # fmt: skip
        table.land("b.json", bad + "\n")
        with pytest.raises(MisfitError, match=reason):
            table.copy("json", "VALIDATE")
    assert table.copy("json", "VALIDATE", "FILES = ('a.json')").num_affected_rows == 0
    assert sorted(path for path in table.root.rglob("*") if path.name != "b.json") == before


def test_a_column_of_variants(make: Make) -> None:
    table = make("data VARIANT")
    table.land("a.json", '{"id": 1, "o": [1, "x"]}\n')
    table.copy("json", "FORMAT_OPTIONS ('singleVariantColumn' = 'data')")
    found = table.spark.sql(f"SELECT to_json(data) AS data FROM {table.name}").collect()
    assert [row.data for row in found] == ['{"id":1,"o":[1,"x"]}']


@pytest.mark.parametrize(
    ("clause", "reason"),
    [
        ("COPY_OPTIONS ('mergeShema' = 'true')", "Did you mean mergeSchema"),
        ("COPY_OPTIONS ('force' = 'yes')", "force is 'yes'; it must be true or false"),
        ("FORMAT_OPTIONS ('cloudFiles.format' = 'csv')", "option of Auto Loader"),
        ("FORMAT_OPTIONS ('rescuedDataColumn' = 'r')", "nothing is lost"),
        ("FORMAT_OPTIONS ('badRecordsPath' = '/x')", "badRecordsPath is not an option"),
        ("FORMAT_OPTIONS ('ignoreCorruptFiles' = '1')", "must be true or false"),
        ("PATTERN = '[a'", "not closed"),
    ],
)
def test_options_that_are_wrong(make: Make, clause: str, reason: str) -> None:
    with pytest.raises(OptionError, match=reason):
        make("id INT").copy("json", clause)


def test_targets_that_are_none(make: Make, spark: SparkSession, tmp_path: Path) -> None:
    table = make()
    table.land("a.json", '{"id": 1}\n')
    with pytest.raises(TargetError, match=r"no columns.*mergeSchema"):
        table.copy("json")
    for name in ("no_such_table", "no.such_table", "delta.`/no/where`"):
        with pytest.raises(TargetError, match="no such Delta table"):
            copy_into(spark, f"COPY INTO {name} FROM '{tmp_path}' FILEFORMAT = JSON")
    with pytest.raises(SourceError, match="nowhere is not there"):
        copy_into(spark, f"COPY INTO {table.name} FROM '{tmp_path}/nowhere' FILEFORMAT = JSON")


def test_hostile_texts_stay_texts(make: Make) -> None:
    table = make("id STRING, text STRING")
    hostile = "'); DROP TABLE t; --"
    table.land("it's `a` $x.csv", f"id~text\n1~{hostile}\n")
    given = "FORMAT_OPTIONS ('header' = 'true', 'sep' = '~', 'nullValue' = '''; DROP TABLE t; --')"
    assert table.copy("csv", given, "FILES = ('it''s `a` $x.csv')").num_inserted_rows == 1
    assert table.rows() == [("1", hostile)]
