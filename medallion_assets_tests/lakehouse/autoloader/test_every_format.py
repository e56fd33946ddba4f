"""The stream of the documentation, as it is printed there, over every format and twice.

What has to be in the table is read from the same files by other programs: Python's own parsers,
pyarrow and fastavro.
"""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import fastavro
import pytest
from pyarrow import orc, parquet

from medallion_assets import read_stream
from medallion_assets_tests.lakehouse.autoloader.formats import FORMATS, WrittenFormat

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Rows = list[dict[str, Any]]


def _strings(value: Any) -> Any:
    """The value with text for every leaf: the documented default of formats without types."""
    if isinstance(value, dict):
        return {name: _strings(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_strings(part) for part in value]
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _element(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text
    found: dict[str, Any] = {}
    for child in element:
        said = _element(child)
        found[child.tag] = [*found[child.tag], said] if child.tag in found else [said]
    return {name: said if len(said) > 1 else said[0] for name, said in found.items()}


def _of_avro(path: Path) -> Rows:
    with path.open("rb") as file:
        return [row for row in fastavro.reader(file) if isinstance(row, dict)]


def _of_binary(path: Path) -> Rows:
    status = path.stat()
    modified = datetime.datetime.fromtimestamp(
        status.st_mtime_ns // 10**6 / 1000, datetime.timezone.utc
    )
    return [
        {"path": f"file:{path}", "modificationTime": modified,
         "length": status.st_size, "content": path.read_bytes()}
    ]  # fmt: skip


READERS: dict[str, Callable[[Path], Rows]] = {
    "json": lambda path: [_strings(json.loads(line)) for line in path.read_text().splitlines()],
    "csv": lambda path: list(csv.DictReader(io.StringIO(path.read_text()))),
    "xml": lambda path: [_element(row) for row in ElementTree.parse(path).getroot()],
    "parquet": lambda path: parquet.read_table(path).to_pylist(),
    "orc": lambda path: orc.read_table(path).to_pylist(),
    "avro": _of_avro,
    "text": lambda path: [{"value": line} for line in path.read_text().splitlines()],
    "binaryFile": _of_binary,
}


@pytest.mark.parametrize("written", FORMATS, ids=str)
def test_the_stream_of_the_documentation_runs_twice(
    spark: SparkSession, tmp_path: Path, written: WrittenFormat
) -> None:
    path, table_name = tmp_path / "landing", f"every_{written.name.lower()}"
    schema_directory, checkpoint_directory = tmp_path / "schema", tmp_path / "checkpoint"
    flat = {"id": 1, "name": "ann, \u00fc \u2603", "amount": 1.5}
    nested = {} if "nesting" in written.gaps else {"o": {"x": 1, "y": "z"}, "l": [1, 2]}
    files = [
        written.write(path / "a", [{**flat, **nested}, {"id": 2, "name": "bob", "amount": -2.0}]),
        written.write(path / "b", [{"id": 3, "name": "cid", "amount": 1e-7}]),
    ]

    def run() -> None:
        query = (
            read_stream(spark).format("cloudFiles")
            .option("cloudFiles.format", written.name)
            .option("cloudFiles.schemaLocation", str(schema_directory))
            .options(**written.options)
            .load(str(path))
         .writeStream.option("checkpointLocation", str(checkpoint_directory))
            .option("mergeSchema", "true").trigger(availableNow=True)
            .toTable(table_name)
        )  # fmt: skip
        query.awaitTermination()

    spark.sql(f"DROP TABLE IF EXISTS {table_name}")
    run()
    expected = [row for file in files for row in READERS[written.name](file)]
    assert sorted(map(_said, _found(spark, table_name))) == sorted(map(_said, expected))
    version = _version(spark, table_name)
    run()
    assert _version(spark, table_name) == version
    spark.sql(f"DROP TABLE {table_name}")


def _found(spark: SparkSession, table: str) -> Rows:
    rows = spark.table(table).toArrow().to_pylist()
    assert all(row.pop("_rescued_data") is None for row in rows)
    return list(rows)


def _version(spark: SparkSession, table: str) -> int:
    return int(spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").collect()[0]["version"])


def _said(row: dict[str, Any]) -> str:
    """A row to compare: an absent value is null, and a time is the same in any zone's notation."""
    return repr(
        sorted(
            (name, value.isoformat() if isinstance(value, datetime.datetime) else value)
            for name, value in row.items()
            if value is not None
        )
    )
