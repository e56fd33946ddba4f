"""No value is bent: a column says what its file said, or else `_rescued_data` does."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import orc, parquet

from medallion_assets_tests.lakehouse.autoloader.decoding import Reading, reading
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze
from medallion_assets_tests.lakehouse.autoloader.test_text_values import (
    SAID,
    TEXTS,
    same,
    says_the_same,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.autoloader.options import FileFormat
    from medallion_assets.lakehouse.lake import Lake

# Wall clocks become moments, and bytes have no text that could be compared.
KINDS = [kind for kind in SAID if kind not in ("binary", "timestamp_ntz")]
# Not what CSV takes for null, and nothing that XML takes for blanks of its own.
CASES = [
    (number, text)
    for number, kind in enumerate(KINDS)
    for text in SAID[kind]
    if text.strip() == text and text
]
COLUMNS = ", ".join(f"c{number} {kind}" for number, kind in enumerate(KINDS))
Records = list[dict[str, str]]


def as_json(records: Records) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def as_csv(records: Records) -> str:
    out = io.StringIO()
    names = ["n", *(f"c{number}" for number in range(len(KINDS)))]
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(records)
    return out.getvalue()


def as_xml(records: Records) -> str:
    def row(record: dict[str, str]) -> str:
        return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in record.items())

    return "<rows>" + "\n".join(f"<row>{row(record)}</row>" for record in records) + "</rows>"


def as_parquet(records: Records) -> bytes:
    out = pa.BufferOutputStream()
    parquet.write_table(_table(records), out)
    return bytes(out.getvalue())


def as_orc(records: Records) -> bytes:
    out = pa.BufferOutputStream()
    orc.write_table(_table(records), out)
    return bytes(out.getvalue())


def as_avro(records: Records) -> bytes:
    import fastavro

    names = ["n", *(f"c{number}" for number in range(len(KINDS)))]
    fields = [{"name": name, "type": ["null", "string"], "default": None} for name in names]
    out = io.BytesIO()
    fastavro.writer(out, {"type": "record", "name": "r", "fields": fields}, records)
    return out.getvalue()


def _table(records: Records) -> pa.Table:
    names = ["n", *(f"c{number}" for number in range(len(KINDS)))]
    return pa.table({name: [record.get(name) for record in records] for name in names})


WRITTEN: dict[str, tuple[FileFormat, Callable[[Records], str | bytes], dict[str, str]]] = {
    "json": ("json", as_json, {}),
    "documents": ("json", json.dumps, {"multiLine": "true"}),
    "csv": ("csv", as_csv, {"header": "true"}),
    "xml": ("xml", as_xml, {"rowTag": "row"}),
    "parquet": ("parquet", as_parquet, {}),
    "orc": ("orc", as_orc, {}),
    "avro": ("avro", as_avro, {}),
}


@pytest.mark.parametrize("way", ["hinted", "declared"])
@pytest.mark.parametrize("written", WRITTEN)
def test_a_text_is_in_its_column_or_rescued(
    spark: SparkSession, tmp_path: Path, written: str, way: str
) -> None:
    kind, write, options = WRITTEN[written]
    records = [{"n": str(n), f"c{number}": text} for n, (number, text) in enumerate(CASES)]
    land(tmp_path / "file", write(records))
    options = dict(options)
    schema = f"n string, {COLUMNS}"
    if way == "hinted":
        options["cloudFiles.schemaHints"] = schema
    found = reading(spark, tmp_path, kind, options, schema if way == "declared" else None)
    assert (found.failed, found.corrupt) == ({}, [])
    rows = {int(row["n"]): row for row in found.rows}
    rescued = _by_number(found)
    wrong = {}
    for n, (number, text) in enumerate(CASES):
        expected = SAID[KINDS[number]][text]
        if kind == "json" and KINDS[number] in ("bigint", "int", "smallint", "boolean"):
            # A string is no number there, whatever it says.
            expected = None
        value, kept = rows[n][f"c{number}"], rescued.get(n, {}).get(f"c{number}")
        in_column = expected is not None and same(value, expected) and kept is None
        is_rescued = expected is None and value is None and kept == text
        if not (in_column or is_rescued):
            wrong[KINDS[number], text] = (value, kept)
    assert wrong == {}, wrong


def _can_be_written(text: str) -> bool:
    """Not what CSV takes for null or XML for blanks of its own, and what XML can name."""
    return text.strip() == text != "" and all(
        " " <= c < "\x7f" or "\xa0" < c < "\ud800" or "\ue000" <= c < "\ufffe" for c in text
    )


@pytest.mark.parametrize("written", WRITTEN)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(drawn=st.lists(TEXTS, min_size=150, max_size=250, unique=True))
def test_any_text_is_in_its_column_or_rescued(
    spark: SparkSession, written: str, drawn: list[str]
) -> None:
    kind, write, options = WRITTEN[written]
    texts = list(filter(_can_be_written, drawn))
    numbers = [n % len(KINDS) for n in range(len(texts))]
    records = [
        {"n": str(n), f"c{number}": text}
        for n, (number, text) in enumerate(zip(numbers, texts, strict=True))
    ]
    with TemporaryDirectory() as landing:
        land(Path(landing) / "file", write(records))
        schema = f"n string, {COLUMNS}"
        # Python writes a quote twice, where Spark takes it behind a backslash.
        own = {"escape": '"'} if kind == "csv" else {}
        found = reading(spark, Path(landing), kind, {**options, **own}, schema)
    assert (found.failed, found.corrupt, len(found.rows)) == ({}, [], len(texts))
    rows = {int(row["n"]): row for row in found.rows}
    rescued = _by_number(found)
    for n, text in enumerate(texts):
        name = f"c{numbers[n]}"
        value, kept = rows[n][name], rescued.get(n, {})
        if value is None:
            assert kept == {name: text}
        else:
            assert kept == {}
            assert says_the_same(text, value, KINDS[numbers[n]]), (KINDS[numbers[n]], text, value)


def _by_number(found: Reading) -> dict[int, dict[str, Any]]:
    """What was rescued, by the row's number: the rows come in the order of their rescued values."""
    lost = [
        int(row["n"])
        for row in found.rows
        if all(value is None for name, value in row.items() if name != "n")
    ]
    return dict(zip(lost, found.rescued, strict=True))


TOKENS = {
    "9007199254740993": "double", "1e400": "double", "3.14159265358979323846": "double",
    "123456789012345678901234567890123456789012": "bigint", "1.239": "decimal(10,2)",
    "3.5": "int", "200": "tinyint", "9223372036854775808": "bigint", "1700000000": "timestamp",
    "20240105": "date",
    '"12D"': "double", '"1,5"': "decimal(10,2)", '"08:30"': "timestamp", '"2024-05"': "date",
    "true": "double", '"true"': "boolean",
}  # fmt: skip


PLACES = {
    "alone": ("{}", "{}"),
    "in a struct": ('{{"x":{}}}', "struct<x {}>"),
    "in a list": ("[{}]", "array<{}>"),
    "in a list of structs": ('[{{"x":{}}}]', "array<struct<x {}>>"),
    "in a map": ('{{"k":{}}}', "map<string, {}>"),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("documents", ["false", "true"])
def test_what_json_says_is_rescued_digit_for_digit(
    spark: SparkSession, tmp_path: Path, place: str, documents: str
) -> None:
    """Tokens that their column can't hold, at any depth, as lines and in files of one value."""
    text, kind = PLACES[place]
    tokens = {t: k for t, k in TOKENS.items() if t != '"true"'}
    schema = ", ".join(f"f{n} {kind.format(k)}" for n, k in enumerate(tokens.values()))
    members = ",".join(f'"f{n}":{text.format(token)}' for n, token in enumerate(tokens))
    land(tmp_path / "a.json", f'{{"id":1,{members}}}\n')
    options = {"multiLine": documents, "rescuedDataColumn": "_rescued_data"}
    found = reading_raw(spark, tmp_path, options, f"id int, {schema}")
    (said,) = found
    for n, token in enumerate(tokens):
        wanted = f'"f{n}":{text.format(token)}'
        assert wanted in said, (token, tokens[token])


def reading_raw(
    spark: SparkSession, landing: Path, options: dict[str, str], schema: str | None = None
) -> list[str]:
    """The rescued values as the texts they are."""
    from medallion_assets.lakehouse.autoloader.decode.format import RESCUED
    from medallion_assets.lakehouse.autoloader.ingest import Ingest, parsed_schema
    from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
    from medallion_assets_tests.lakehouse.autoloader.landed import seen

    given = {"cloudFiles.format": "json", "cloudFiles.inferColumnTypes": "true", **options}
    declared = None if schema is None else parsed_schema(spark, schema)
    checked = CloudFilesOptions.parse(given, has_schema=schema is not None)
    texts: list[str] = []
    Ingest(landing, checked, declared, None).batch(
        spark,
        [seen(path) for path in sorted(landing.iterdir())],
        lambda decoded, _: texts.extend(
            row[RESCUED] for frame in decoded.frames for row in frame.select(RESCUED).collect()
        ),
    )
    return texts


@pytest.mark.parametrize("documents", ["false", "true"])
def test_half_of_a_surrogate_pair_is_rescued_as_it_stood(
    spark: SparkSession, tmp_path: Path, documents: str
) -> None:
    texts = [
        r"a\ud800b", r"\uDC00", r"\ud83d\ude00", r"\\ud800", r"\\\ud800", r"\ude00\ud83d", "plain?",
    ]  # fmt: skip
    lines = [f'{{"n":{n},"t":"{text}","o":{{"l":["{text}"]}}}}' for n, text in enumerate(texts)]
    content = f"[{','.join(lines)}]" if documents == "true" else "\n".join(lines)
    land(tmp_path / "a.json", content)
    found = reading(spark, tmp_path, "json", {"multiLine": documents})
    rows = {row["n"]: row for row in found.rows}
    halves = {0, 1, 4, 5}
    for n, text in enumerate(texts):
        expected = None if n in halves else json.loads(f'"{text}"')
        assert rows[n]["t"] == expected
        assert rows[n]["o"] == {"l": [expected]}
    kept = [{"t": json.loads(f'"{texts[n]}"'), "o": {"l": [json.loads(f'"{texts[n]}"')]}}
            for n in sorted(halves)]  # fmt: skip
    assert sorted(map(_sorted, found.rescued)) == sorted(map(_sorted, kept))


def _sorted(values: dict[str, Any]) -> str:
    return json.dumps(values, sort_keys=True)


def test_bytes_that_are_no_text_are_rescued_in_any_format(
    spark: SparkSession, tmp_path: Path
) -> None:
    good, bad = b"fine", b"M\xfcller"
    raw = pa.array([good, bad], pa.binary())
    # Arrow itself does not look.
    texts = pa.Array.from_buffers(pa.string(), 2, raw.buffers())
    nested = pa.StructArray.from_arrays([texts], names=["t"])
    table = pa.table({"n": [1, 2], "t": texts, "o": nested})
    parquet.write_table(table, tmp_path / "a.parquet")
    found = reading(spark, tmp_path, "parquet", {})
    assert {row["n"]: (row["t"], row["o"]) for row in found.rows} == {
        1: ("fine", {"t": "fine"}), 2: (None, {"t": None}),
    }  # fmt: skip
    assert found.rescued == [{"t": "TfxsbGVy", "o": {"t": "TfxsbGVy"}}]


def test_half_a_pair_changes_no_other_row(spark: SparkSession, tmp_path: Path) -> None:
    whole = '{"a":12345678901234567890,"b":1e3,"d":1E400,"e":[1.50],"f":"1.5"}'
    lines = [f'{{"v":{whole},"x":1.0}}', '{"v":"\\ud83d","x":1e400}', '{"v":"t","x":-2.50}']
    land(tmp_path / "a.json", "\n".join(lines))
    options = {"cloudFiles.schemaHints": "v string, x double"}
    found = reading(spark, tmp_path, "json", options)
    assert [row["v"] for row in found.rows] == [whole, None, "t"]
    assert [row["x"] for row in found.rows] == [1.0, None, -2.5]
    assert len(found.rescued) == 1


@pytest.mark.parametrize("written", ["json", "csv", "xml"])
def test_inference_takes_only_what_comes_back_out(
    spark: SparkSession, tmp_path: Path, written: str
) -> None:
    columns = {
        "seat": ["1D", "2F"], "zip": ["01234", "10115"], "phone": ["+4915112345", "004930123"],
        "opens": ["08:30", "17:45:10"], "month": ["2024-01", "2024-02"], "year": ["2023", "2024"],
        "mix": ["9007199254740993", "1.5"], "price": ["1.50", "12"],
        "day": ["2024-01-05", "2024-02-29"],
        "at": ["2024-01-05T10:00:00Z", "2024-01-05"], "flag": ["true", "FALSE"], "none": ["", ""],
        "long": ["0.1234567890123456789", "1"], "huge": ["1e400", "1"], "id": ["1", "99999999999"],
        "yes": ["y", "n"], "sci": ["1e3", "2.5"], "bad": ["2024-02-30", "2024-01-01"],
        "wide": ["123456789012345678901234567890123456789012", "1"],
    }  # fmt: skip
    rows = [{name: texts[n] for name, texts in columns.items() if texts[n]} for n in range(2)]
    if written == "json":
        numbers = ("year", "mix", "price", "long", "huge", "id", "sci", "wide")
        lines = [
            ",".join(
                f'"{name}":{text if name in numbers else json.dumps(text)}'
                for name, text in row.items()
            )
            for row in rows
        ]
        land(tmp_path / "a.json", "".join(f"{{{line}}}\n" for line in lines))
    elif written == "csv":
        out = io.StringIO()
        writer = csv.DictWriter(out, list(columns))
        writer.writeheader()
        writer.writerows(rows)
        land(tmp_path / "a.csv", out.getvalue())
    else:
        land(tmp_path / "a.xml", as_xml(rows))
    types = _types(spark, tmp_path, written)
    texts = {"seat", "zip", "phone", "opens", "month", "huge", "yes", "bad", "wide"}
    assert {name for name in texts if types[name] != "string"} == set()
    assert (types["mix"], types["long"]) == ("decimal(17,1)", "decimal(20,19)")
    assert (types["price"], types["sci"], types["id"]) == ("double", "double", "bigint")
    if written != "json":
        assert (types["day"], types["at"], types["flag"]) == ("date", "timestamp", "boolean")
    spark_types = _types(spark, tmp_path, written, inferExactTypes="false")
    assert spark_types["mix"] == "double"


def _types(spark: SparkSession, landing: Path, written: str, **options: str) -> dict[str, str]:
    from medallion_assets.lakehouse.autoloader.ingest import Ingest
    from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
    from medallion_assets_tests.lakehouse.autoloader.landed import seen

    given = {"cloudFiles.format": written, "cloudFiles.inferColumnTypes": "true",
             **{f"cloudFiles.{name}": value for name, value in options.items()},
             **WRITTEN[written][2]}  # fmt: skip
    ingest = Ingest(landing, CloudFilesOptions.parse(given, has_schema=False), None, None)
    schema = ingest.schema(spark, lambda: [seen(path) for path in landing.iterdir()])
    return {field.name: field.dataType.simpleString() for field in schema.fields}


def test_a_type_from_the_first_file_does_not_bend_later_values(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "csv")
    land(bronze.landing / "a.csv", "id,zip,x,d,at\n1,10115,1.5,2024-01-01,2024-01-01 10:00:00\n")
    bronze.run()
    land(
        bronze.landing / "b.csv", 'id,zip,x,d,at\n2,01234,12D,2024,08:30\n3,5,"1,5",2024-05,2024\n'
    )
    bronze.run()
    assert bronze.rescued() == {
        2: {"zip": "01234", "x": "12D", "d": "2024", "at": "08:30"},
        3: {"x": "1,5", "d": "2024-05", "at": "2024"},
    }


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_a_directory_value_stands_where_the_row_has_none(
    spark: SparkSession, lake: Lake, kind: FileFormat
) -> None:
    bronze = LandedBronze.over(lake, spark, kind, schemaHints="month int")

    def put(name: str, **record: Any) -> None:
        line = json.dumps(record) if kind == "json" else ",".join(record) + "\n" + ",".join(map(str, record.values()))  # fmt: skip  # noqa: E501
        land(bronze.landing / name, line + "\n")

    put("month=1/a", id=1)
    bronze.run()
    put("month=2/b", id=2, month=99)
    put("month=3/c", id=3)
    put("month=may/d", id=4)
    put("month=07/e", id=5)
    put("month=8/f", id=6, month="x")
    bronze.run()
    assert {key: row["month"] for key, row in bronze.data().items()} == {
        1: 1, 2: 99, 3: 3, 4: None, 5: None, 6: None,
    }  # fmt: skip
    assert bronze.rescued() == {4: {"month": "may"}, 5: {"month": "07"}, 6: {"month": "x"}}
