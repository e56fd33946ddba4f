"""Files that know their types, in columns of other types: a value says the same, or is rescued."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import numpy
import pyarrow as pa
import pytest
from pyarrow import orc, parquet

from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

UTC = datetime.timezone.utc
NOON = datetime.datetime(2024, 1, 5, 12, 30, tzinfo=UTC)
MIDNIGHT = NOON.replace(hour=0, minute=0)
DAY = NOON.date()
WALL = NOON.replace(tzinfo=None)
VALUES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "bool": (pa.bool_(), [True, False]),
    "int": (pa.int32(), [0, 1, 200, 20240105]),
    "long": (pa.int64(), [1, 1700000000000, 2**53 + 1, 2**63 - 1]),
    "float": (pa.float32(), [0.5, 1.0, 16777216.0]),
    "double": (pa.float64(), [0.1, 1.0, 1.7, 1e300, 9.3e18]),
    "decimal": (pa.decimal128(12, 4), [Decimal("1.0000"), Decimal("1.2345"), Decimal("1.2300")]),
    "day": (pa.date32(), [DAY]),
    "moment": (pa.timestamp("us", tz="UTC"), [NOON, MIDNIGHT]),
    "wall": (pa.timestamp("us"), [WALL]),
    "bytes": (pa.binary(), [b"1", b"2024-01-05", b"\xff"]),
    "text": (pa.string(), ["1", "2024-01-05", "true"]),
}
NUMBERS = ("int", "long", "float", "double", "decimal")
TIMES = ("day", "moment", "wall")
KINDS = {
    "boolean": ("bool",), "tinyint": NUMBERS, "int": NUMBERS, "bigint": NUMBERS,
    "float": NUMBERS, "double": NUMBERS, "decimal(10,2)": NUMBERS, "decimal(38,10)": NUMBERS,
    "date": TIMES, "timestamp": TIMES, "timestamp_ntz": TIMES, "binary": ("bytes",),
}  # fmt: skip
"""The types of columns, and the values of files that are of their kind."""


def says_the_same(came: Any, held: Any, kind: str) -> bool:
    """By Python's decimals and moments; a float is the number it is, or that of its text."""
    if isinstance(came, bool) or isinstance(held, bool):
        return came is held
    if not isinstance(came, (int, float, Decimal)):
        return bool(_moment(came) == _moment(held))
    shortest = str(numpy.float32(held)) if kind == "float" else repr(held)
    in_column = {Decimal(held)} | ({Decimal(shortest)} if isinstance(held, float) else set())
    in_file = {Decimal(came)} | ({Decimal(repr(came))} if isinstance(came, float) else set())
    return bool(in_column & in_file)


def _moment(value: Any) -> Any:
    """Days and times on the wall as moments: the session's clock is that of UTC."""
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, datetime.date):
        return datetime.datetime.combine(value, datetime.time(), UTC)
    return bytes(value) if isinstance(value, bytearray) else value


def write(path: Path, table: pa.Table, written: str) -> None:
    if written == "parquet":
        parquet.write_table(table, path)
    elif written == "orc":
        orc.write_table(table, path)
    else:
        with path.open("wb") as file:
            fastavro.writer(file, AVRO, table.to_pylist())


LOGICAL: dict[str, Any] = {
    "bool": "boolean", "int": "int", "long": "long", "float": "float", "double": "double",
    "decimal": {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4},
    "day": {"type": "int", "logicalType": "date"},
    "moment": {"type": "long", "logicalType": "timestamp-micros"},
    "wall": {"type": "long", "logicalType": "local-timestamp-micros"},
    "bytes": "bytes", "text": "string",
}  # fmt: skip
AVRO = fastavro.parse_schema(
    {
        "type": "record",
        "name": "r",
        "fields": [{"name": "n", "type": "int"}]
        + [
            {"name": f"{of}_{number}", "type": ["null", kind]}
            for of, kind in LOGICAL.items()
            for number in range(len(KINDS))
        ],
    }
)


@pytest.mark.parametrize("written", ["parquet", "orc", "avro"])
def test_a_value_says_the_same_in_its_column_or_is_rescued(
    spark: SparkSession, tmp_path: Path, written: str
) -> None:
    """Every type of a file beside every type of a column, alone in its row."""
    sources = [of for of in VALUES if not (written == "orc" and of in ("moment", "wall"))]
    cases = [(of, n, value) for of in sources for n in range(len(KINDS)) for value in VALUES[of][1]]
    columns: dict[str, pa.Array] = {"n": pa.array(range(len(cases)), pa.int32())}
    for of in sources:
        for n in range(len(KINDS)):
            own = [case[2] if case[:2] == (of, n) else None for case in cases]
            columns[f"{of}_{n}"] = pa.array(own, VALUES[of][0])
    write(tmp_path / "a", pa.table(columns), written)
    schema = ", ".join(f"{of}_{n} {kind}" for of in sources for n, kind in enumerate(KINDS))
    found = reading(spark, tmp_path, written, {}, f"n int, {schema}")  # type: ignore[arg-type]
    assert (found.failed, len(found.rows)) == ({}, len(cases))
    rows = {row["n"]: row for row in found.rows}
    lost = [row["n"] for row in found.rows if all(v is None for k, v in row.items() if k != "n")]
    kept = dict(zip(lost, found.rescued, strict=True))
    wrong = {}
    for number, (of, n, came) in enumerate(cases):
        name, kind = f"{of}_{n}", list(KINDS)[n]
        held = rows[number][name]
        if held is None:
            right = list(kept[number]) == [name]
        elif of == "text":
            right = number not in kept
        else:
            right = of in KINDS[kind] and says_the_same(came, held, kind) and number not in kept
        if not right:
            wrong[of, kind, came] = held
    assert wrong == {}
    # What is the same in the other type is taken.
    for of, kind, came in [("int", "bigint", 1), ("double", "int", 1.0), ("long", "double", 1),
                           ("decimal", "decimal(10,2)", Decimal("1.2300")),
                           ("double", "decimal(38,10)", 0.1)]:  # fmt: skip
        n = list(KINDS).index(kind)
        assert rows[cases.index((of, n, came))][f"{of}_{n}"] is not None, (of, kind, came)


def test_a_column_of_another_kind_stops_no_later_file(spark: SparkSession, tmp_path: Path) -> None:
    nested = pa.struct([("t", pa.date32())])
    write(
        tmp_path / "a",
        pa.table({"v": [DAY], "s": pa.array([{"t": DAY}], nested), "l": [[DAY]], "m": ["x"]}),
        "parquet",
    )
    schema = "v bigint, s struct<t bigint>, l array<int>, m array<int>"
    found = reading(spark, tmp_path, "parquet", {}, schema)
    assert found.rows == [{"v": None, "s": {"t": None}, "l": [None], "m": None}]
    day = "2024-01-05"
    assert found.rescued == [{"v": day, "s": {"t": day}, "l": [day], "m": "x"}]


def test_moments_as_texts_say_which_they_are(spark: SparkSession, tmp_path: Path) -> None:
    twice = [datetime.datetime(2024, 10, 27, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    table = pa.table({"v": pa.array(twice, pa.timestamp("us", tz="UTC"))})
    write(tmp_path / "a", table, "parquet")
    zone = str(spark.conf.get("spark.sql.session.timeZone"))
    spark.conf.set("spark.sql.session.timeZone", "Europe/Berlin")
    try:
        found = reading(spark, tmp_path, "parquet", {}, "v string")
    finally:
        spark.conf.set("spark.sql.session.timeZone", zone)
    assert [datetime.datetime.fromisoformat(row["v"]) for row in found.rows] == twice


def test_a_hinted_clock_is_none_of_a_zone(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path / "a.json", '{"v":"2024-01-05T12:30:00"}\n{"v":"2024-01-05T10:00:00+05:00"}\n')
    options = {"cloudFiles.schemaHints": "v timestamp_ntz"}
    found = reading(spark, tmp_path, "json", options)
    assert [row["v"] for row in found.rows] == [WALL, None]
    assert found.rescued == [{"v": "2024-01-05T10:00:00+05:00"}]


@pytest.mark.parametrize("encoding", ["UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32"])
def test_csv_of_wide_characters_is_cut_between_them(
    spark: SparkSession, tmp_path: Path, encoding: str
) -> None:
    text = "id;name;n\n1;Zürich;007\n2;\u0a0a\u0d0a;x\n3;€;y\n"
    land(tmp_path / "a.csv", text.encode(encoding))
    options = {"header": "true", "sep": ";", "encoding": encoding}
    found = reading(spark, tmp_path, "csv", options)
    assert [tuple(row.values()) for row in found.rows] == [
        (1, "Zürich", "007"), (2, "\u0a0a\u0d0a", "x"), (3, "€", "y"),
    ]  # fmt: skip


def test_xml_with_children_among_its_text_stops_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path / "a.xml", '<r><row><d x="1">txt</d></row><row><d>t<b>bold</b>x</d></row></r>')
    found = reading(spark, tmp_path, "xml", {"rowTag": "row"})
    assert (len(found.rows), found.failed) == (2, {})
    said = str(found.rows) + str(found.rescued)
    assert all(part in said for part in ("txt", "bold", "'t'", "'x'"))
