"""Bytes that are no characters in the encoding of their file."""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

UTF8 = "1,Müller,3,größer\n".encode()
LATIN = "2,Müller,4,klein\n".encode("iso-8859-1")
CUT = b"3,M\xc3,5,\xe2\x82\n"
OF_A_NUMBER = b"4,x,6\xb2,x\n"
EXPECTED = {
    "1": ("Müller", 3, "größer"),
    "2": (None, 4, "klein"),
    "3": (None, 5, None),
    "4": ("x", None, "x"),
}
KEPT = [
    {"name": "Müller".encode("iso-8859-1")},
    {"name": b"M\xc3", "größe": b"\xe2\x82"},
    {"n": b"6\xb2"},
]
HEADER = "id,name,n,größe\n".encode()


def _in_base64(values: list[dict[str, bytes]]) -> list[dict[str, str]]:
    return [
        {name: base64.b64encode(value).decode() for name, value in row.items()} for row in values
    ]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.csv", {}),
        ("a.csv.gz", {}),
        ("a.csv", {"multiLine": "true"}),
        ("a.csv", {"header": "false"}),
        ("a.csv", {"lineSep": "\n"}),
        ("a.csv", {"charset": "utf-8"}),
    ],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_bytes_of_csv_are_rescued(
    spark: SparkSession, tmp_path: Path, name: str, options: dict[str, str], mark: bytes
) -> None:
    header = b"" if options.get("header") == "false" else HEADER
    content = mark + header + UTF8 + LATIN + CUT + OF_A_NUMBER
    land(tmp_path / name, gzip.compress(content) if name.endswith("gz") else content)
    given = {"header": "true", **options}
    found = reading(spark, tmp_path, "csv", given, "id string, name string, n int, `größe` string")
    rows = {row["id"]: (row["name"], row["n"], row["größe"]) for row in found.rows}
    assert (rows, found.failed) == (EXPECTED, {})
    assert sorted(map(str, found.rescued)) == sorted(map(str, _in_base64(KEPT)))


def test_their_types_are_inferred_and_other_files_are_as_they_were(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path / "a.csv", HEADER + UTF8)
    land(tmp_path / "b.csv", HEADER + LATIN)
    found = reading(spark, tmp_path, "csv", {"header": "true"})
    rows = {row["id"]: (row["name"], row["n"], row["größe"]) for row in found.rows}
    assert rows == {1: EXPECTED["1"], 2: EXPECTED["2"]}
    assert found.rescued == _in_base64([KEPT[0]])


def test_a_delimiter_of_several_bytes_is_found(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path / "a.csv", "id§name\n1§Mü\n".encode() + "2§".encode() + b"M\xfc\n")
    found = reading(spark, tmp_path, "csv", {"header": "true", "sep": "§"})
    assert {row["id"]: row["name"] for row in found.rows} == {1: "Mü", 2: None}
    assert found.rescued == _in_base64([{"name": b"M\xfc"}])


def test_a_record_that_cannot_be_parsed_keeps_its_bytes(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path / "a.csv", b"id,name\n1,a\n2,M\xfcller,more,than,that\n")
    found = reading(spark, tmp_path, "csv", {"header": "true"})
    assert found.corrupt == ["2,M\ufffdller,more,than,that"]
    assert found.rescued == _in_base64([{"_corrupt_record": b"2,M\xfcller,more,than,that"}])


def test_a_header_has_to_be_text(spark: SparkSession, tmp_path: Path) -> None:
    land(tmp_path / "a.csv", "id,größe\n1,2\n".encode("iso-8859-1"))
    found = reading(spark, tmp_path, "csv", {"header": "true"})
    assert "its header can't be read" in found.failed["a.csv"]
    told = reading(spark, tmp_path, "csv", {"header": "true", "encoding": "ISO-8859-1"})
    assert told.rows == [{"id": 1, "größe": 2}]


def test_xml_with_such_bytes_is_no_xml(spark: SparkSession, tmp_path: Path) -> None:
    text = '<?xml version="1.0" encoding="ISO-8859-1"?><r><row><t>Müller</t></row></r>'
    land(tmp_path / "a.xml", text.encode("iso-8859-1"))
    found = reading(spark, tmp_path, "xml", {"rowTag": "row"})
    assert found.rows == []
    assert "byte 0xfc at 55 is not UTF-8: the option encoding" in found.failed["a.xml"]
    told = reading(spark, tmp_path, "xml", {"rowTag": "row", "encoding": "ISO-8859-1"})
    assert told.rows == [{"t": "Müller"}]
