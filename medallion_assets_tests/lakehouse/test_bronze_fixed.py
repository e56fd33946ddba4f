"""Text and binary files, whose columns are the format's."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets_tests.lakehouse.autoloader.decoding import reading
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_every_line_of_text_is_a_row(spark: SparkSession, tmp_path: Path) -> None:
    lines = ["one", "", "  two  ", '{"three": 3}', "\u00fc \u2603 \U0001f600", "tab\t"]
    land(tmp_path / "unix", "\n".join(lines) + "\n")
    land(tmp_path / "windows", "\r\n".join(lines))
    land(tmp_path / "empty", "")
    found = reading(spark, tmp_path, "text", {})
    assert sorted(row["value"] for row in found.rows) == sorted(lines * 2)
    assert (found.rescued, found.corrupt, found.failed) == ([], [], {})


def test_bytes_that_are_no_text_are_rescued_as_they_are(
    spark: SparkSession, tmp_path: Path
) -> None:
    land(tmp_path / "a", b"good\n\xfcber \xff\n")
    found = reading(spark, tmp_path, "text", {})
    assert {row["value"] for row in found.rows} == {"good", None}
    (kept,) = found.rescued
    assert base64.b64decode(kept["value"]) == b"\xfcber \xff"


def test_a_declared_schema_names_the_columns_of_the_fixed_formats(
    spark: SparkSession, tmp_path: Path
) -> None:
    path = land(tmp_path / "a", "one\n")
    found = reading(spark, tmp_path, "text", {}, "line string")
    assert found.rows == [{"line": "one"}]
    found = reading(spark, tmp_path, "binaryFile", {}, "length bigint, content binary")
    assert found.rows == [{"length": path.stat().st_size, "content": b"one\n"}]


def test_a_binary_file_is_a_row_with_its_content(spark: SparkSession, tmp_path: Path) -> None:
    content = bytes(range(256)) * 100
    land(tmp_path / "a [1].png", content, PAST + 0.5)
    land(tmp_path / "b.gz", b"not unpacked")
    land(tmp_path / "empty", b"")
    found = reading(spark, tmp_path, "binaryFile", {})
    rows = {Path(row["path"]).name: row for row in found.rows}
    assert {name: (row["length"], row["content"]) for name, row in rows.items()} == {
        "a [1].png": (len(content), content), "b.gz": (12, b"not unpacked"),
    }  # fmt: skip
    assert rows["a [1].png"]["modificationTime"].timestamp() == PAST + 0.5
    assert set(found.failed) == {"empty"}
