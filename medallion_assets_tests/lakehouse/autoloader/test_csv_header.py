from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql.types import StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.decode.csv_header import column_names
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets_tests.lakehouse.autoloader.packing import PACKED

TWO = StructType([StructField(name, StringType()) for name in ("one", "two")])


def options(given: dict[str, str], *, has_schema: bool = False) -> CloudFilesOptions:
    return CloudFilesOptions.parse({"cloudFiles.format": "csv", **given}, has_schema=has_schema)


@pytest.mark.parametrize(
    ("content", "given", "names"),
    [
        ("id, n \n1,2\n", {}, ("id", "n")),
        ("\n  \nid,n\n", {}, ("id", "n")),
        ("# made by hand\nid;n\n", {"sep": ";", "comment": "#"}, ("id", "n")),
        ("id||a|b\n", {"delimiter": "||"}, ("id", "a|b")),
        ("id\tn\n", {"sep": "\\t"}, ("id", "n")),
        ('"two\nlines",n\n', {"multiLine": "true"}, ("two\nlines", "n")),
        ("id,n;1,2;", {"lineSep": ";"}, ("id", "n")),
        ("'a,b',n\n", {"quote": "'"}, ("a,b", "n")),
        ("a,,a,b\n", {}, ("a0", "_c1", "a2", "b")),
        (",,\nx,y,z\n", {}, ("_c0", "_c1", "_c2")),
        ("\u00fc,n\n".encode("latin-1"), {"encoding": "ISO-8859-1"}, ("\u00fc", "n")),
        ("\u00fc,n\n".encode("utf-16"), {"encoding": "UTF-16"}, ("\u00fc", "n")),
        (b"\xef\xbb\xbfid,n\n", {}, ("id", "n")),
        ("1,x,5\n", {"header": "false"}, ("_c0", "_c1", "_c2")),
        ("", {}, ()),
        ("\n\n", {"header": "false"}, ()),
    ],
)
def test_columns_are_named_by_the_first_record(
    tmp_path: Path, content: str | bytes, given: dict[str, str], names: tuple[str, ...]
) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert column_names(str(path), options(given), None) == names


def test_without_a_header_a_declared_schema_names_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("1,2,3\n")
    assert column_names(str(path), options({}, has_schema=True), TWO) == ("one", "two", "_c2")
    assert column_names(str(path), options({"header": "false"}), TWO) == ("_c0", "_c1", "_c2")
    path.write_text("1\n")
    assert column_names(str(path), options({}, has_schema=True), TWO) == ("one",)


@pytest.mark.parametrize("suffix", PACKED)
def test_a_packed_file_has_a_header_too(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"file.csv{suffix}"
    path.write_bytes(PACKED[suffix](b"id,n\n1,2\n"))
    assert column_names(str(path), options({}), None) == ("id", "n")


def test_an_encoding_that_does_not_exist_is_an_error_of_the_option(tmp_path: Path) -> None:
    path = tmp_path / "file.csv"
    path.write_text("id\n")
    with pytest.raises(OptionError, match="encoding is 'no-such'"):
        column_names(str(path), options({"encoding": "no-such"}), None)
