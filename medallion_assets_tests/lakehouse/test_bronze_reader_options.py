"""The options of Spark's own readers hold, format by format."""

from __future__ import annotations

import datetime
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

from medallion_assets.lakehouse.autoloader.options import FileFormat
from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

DAY = datetime.date(2026, 2, 1)
NOON = datetime.datetime(2026, 2, 1, 12, 0, tzinfo=datetime.timezone.utc)


@dataclass(frozen=True)
class Case:
    """A file, an option, and the rows that only the option gives."""

    kind: FileFormat
    content: str | bytes
    options: dict[str, str]
    rows: list[dict[str, Any]]
    schema: str | None = None

    def __str__(self) -> str:
        return f"{self.kind} {' '.join(self.options)}"


def avro(schema: dict[str, Any], rows: list[dict[str, Any]]) -> bytes:
    target = io.BytesIO()
    fastavro.writer(target, schema, rows)
    return target.getvalue()


def record(*fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "row", "fields": list(fields)}


ID = {"name": "id", "type": "long"}
NODE = {
    "type": "record", "name": "node",
    "fields": [ID, {"name": "next", "type": ["null", "node"]}],
}  # fmt: skip
ROW = {"rowTag": "row"}

CASES = [
    Case("json", '// by hand\n{"id": 1} // one\n', {"allowComments": "true"}, [{"id": 1}]),
    Case("json", "{id: 1, t: 'x'}\n", {"allowUnquotedFieldNames": "true"}, [{"id": 1, "t": "x"}]),
    Case("json", '{"id": 007}\n', {"allowNumericLeadingZeros": "true"}, [{"id": 7}]),
    Case("json", '{"id": 1, "b": true}\n', {"primitivesAsString": "true"},
         [{"id": "1", "b": "true"}]),
    Case("json", '{"id": 1};{"id": 2}', {"lineSep": ";"}, [{"id": 1}, {"id": 2}]),
    Case("json", '{"id": 1, "t": "\u00fc"}\n'.encode("latin-1"),
         {"encoding": "ISO-8859-1", "lineSep": "\n"}, [{"id": 1, "t": "\u00fc"}]),
    Case("json", '{"id": 1, "t": "\u00fc"}\n'.encode("utf-16-le"),
         {"encoding": "UTF-16LE", "multiLine": "true"}, [{"id": 1, "t": "\u00fc"}]),
    Case("json", '{"d": "01/02/2026", "at": "01.02.2026 12:00"}\n',
         {"dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH:mm"},
         [{"d": DAY, "at": NOON}], "d date, at timestamp"),
    Case("json", '[{"d": "01/02/2026"}, {"d": "never"}]',
         {"dateFormat": "dd/MM/yyyy", "multiLine": "true"}, [{"d": DAY}, {"d": None}], "d date"),
    Case("json", '{"id": 1}\n{"id":\n', {"mode": "DROPMALFORMED"}, [{"id": 1}]),
    Case("json", '{"id": 1, "x": null}\n', {"dropFieldIfAllNull": "true"}, [{"id": 1}]),
    Case("csv", "id|n\n1|x,y\n", {"sep": "|"}, [{"id": 1, "n": "x,y"}]),
    Case("csv", "id;n\n1;'a;\nb'\n", {"sep": ";", "quote": "'", "multiLine": "true"},
         [{"id": 1, "n": "a;\nb"}]),
    Case("csv", "1,x\n2,y\n", {"header": "false"},
         [{"_c0": 1, "_c1": "x"}, {"_c0": 2, "_c1": "y"}]),
    Case("csv", "# made by hand\nid\n1\n# end\n", {"comment": "#"}, [{"id": 1}]),
    Case("csv", "id,n\n1,NULL\n", {"nullValue": "NULL"}, [{"id": 1, "n": None}]),
    Case("csv", 'id,n\n1,""\n', {"emptyValue": "nothing"}, [{"id": 1, "n": "nothing"}]),
    Case("csv", "id,d,at\n1,01/02/2026,01.02.2026 12:00\n",
         {"dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH:mm"},
         [{"id": 1, "d": DAY, "at": NOON}]),
    Case("csv", "id,n;1,x;2,y;", {"lineSep": ";"}, [{"id": 1, "n": "x"}, {"id": 2, "n": "y"}]),
    Case("csv", "id,n\n1, x \n",
         {"ignoreLeadingWhiteSpace": "true", "ignoreTrailingWhiteSpace": "true"},
         [{"id": 1, "n": "x"}]),
    Case("csv", "id,n\n1,\u00fc\n".encode("latin-1"), {"encoding": "ISO-8859-1"},
         [{"id": 1, "n": "\u00fc"}]),
    Case("csv", "id,n\n1,x\n2\n", {"mode": "DROPMALFORMED"}, [{"id": 1, "n": "x"}]),
    Case("text", "one\ntwo\n", {"wholetext": "true"}, [{"value": "one\ntwo\n"}]),
    Case("text", "one;two", {"lineSep": ";"}, [{"value": "one"}, {"value": "two"}]),
    Case("text", "\u00fc\n".encode("latin-1"), {"encoding": "ISO-8859-1"}, [{"value": "\u00fc"}]),
    Case("text", "one\n", {}, [{"line": "one"}], "line string"),
    Case("xml", '<rows><row k="v"><id>1</id></row></rows>', {**ROW, "attributePrefix": "at_"},
         [{"at_k": "v", "id": 1}]),
    Case("xml", '<rows><row k="v"><id>1</id></row></rows>', {**ROW, "excludeAttribute": "true"},
         [{"id": 1}]),
    Case("xml", '<row><m k="v">x</m></row>', {**ROW, "valueTag": "text"},
         [{"m": {"_k": "v", "text": "x"}}]),
    Case("xml", "<row><id>1</id><n>none</n></row>", {**ROW, "nullValue": "none"},
         [{"id": 1, "n": None}]),
    Case("xml", "<row><d>01/02/2026</d><at>01.02.2026 12:00</at></row>",
         {**ROW, "dateFormat": "dd/MM/yyyy", "timestampFormat": "dd.MM.yyyy HH:mm"},
         [{"d": DAY, "at": NOON}]),
    Case("xml", "<row><m>1.234,50</m></row>", {**ROW, "locale": "de-DE"}, [{"m": 1234.5}],
         "m decimal(8,2)"),
    Case("xml", "<row><t> x </t></row>", {**ROW, "ignoreSurroundingSpaces": "false"},
         [{"t": " x "}]),
    Case("xml", "<row><t>\u00fc</t></row>".encode("latin-1"), {**ROW, "encoding": "ISO-8859-1"},
         [{"t": "\u00fc"}]),
    Case("xml", "<row><id>1</id></row><row><id>2</x></row>", {**ROW, "mode": "DROPMALFORMED"},
         [{"id": 1}]),
    Case("xml", "<row><id>1</id><a>x</a></row>", ROW, [{"id": 1, "xs_any": "x"}],
         "id int, xs_any string"),
    Case("avro", avro(NODE, [{"id": 1, "next": {"id": 2, "next": None}}]),
         {"recursiveFieldMaxDepth": "2"}, [{"id": 1, "next": {"id": 2}}]),
    Case("avro", avro(record(ID, {"name": "u", "type": ["long", "string"]}), [{"id": 1, "u": "x"}]),
         {"enableStableIdentifiersForUnionType": "true"},
         [{"id": 1, "u": {"member_long": None, "member_string": "x"}}]),
    Case("avro", avro(record(ID), [{"id": 1}]),
         {"avroSchema": json.dumps(record(ID, {"name": "more", "type": "string", "default": "d"}))},
         [{"id": 1, "more": "d"}]),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_option_of_the_reader_holds(spark: SparkSession, tmp_path: Path, case: Case) -> None:
    land(tmp_path / "file", case.content)
    found = reading(spark, tmp_path, case.kind, case.options, case.schema)
    assert (found.failed, found.rows) == ({}, case.rows)


@pytest.mark.parametrize("kind", ["json", "csv", "xml"])
def test_failfast_fails_the_file_with_a_malformed_record_and_no_other(
    spark: SparkSession, tmp_path: Path, kind: FileFormat
) -> None:
    # A value of the wrong type is rescued as ever: it is not malformed.
    good, bad = {
        "json": ('{"id": 1, "n": "x"}\n', '{"id": 2}\n{"id":\n'),
        "csv": ("id,n\n1,x\n", "id,n\n2,2\n3\n"),
        "xml": ("<row><id>1</id><n>x</n></row>", "<row><id>2</id></row><row><id></x></row>"),
    }[kind]
    land(tmp_path / "good 100%", good)
    land(tmp_path / "bad [1] 100%", bad)
    options = {"mode": "failfast", "cloudFiles.schemaHints": "n int", **ROW}
    found = reading(spark, tmp_path, kind, options)
    assert (found.rows, found.rescued) == ([{"id": 1, "n": None}], [{"n": "x"}])
    assert set(found.failed) == {"bad [1] 100%"}
    assert "FAILFAST" in found.failed["bad [1] 100%"]


def test_sampling_leaves_no_field_out(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path / "a.json", "".join(f'{{"id": {n}, "f{n}": 1}}\n' for n in range(50)))
    found = reading(spark, tmp_path, "json", {"samplingRatio": "0.0001"})
    assert set(found.rows[0]) == {"id", *(f"f{n}" for n in range(50))}
