"""Write plain rows in every file format, readable by anyone, without the engine or Spark."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastavro
import pyarrow as pa
from pyarrow import parquet

from medallion_assets.lakehouse.autoloader.options import FileFormat

Row = Mapping[str, Any]


@dataclass(frozen=True)
class WrittenFormat:
    """A format as files are written in it.

    Args:
        name: of the format.
        encode: rows to a file's bytes.
        suffix: of the files.
        has_nesting: whether a value can be an object or a list.
    """

    name: FileFormat
    encode: Callable[[Sequence[Row]], bytes]
    suffix: str
    has_nesting: bool = True

    def write(self, path: Path, rows: Sequence[Row]) -> Path:
        """Write a file; its name gets the suffix."""
        target = path.with_name(path.name + self.suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.encode(rows))
        return target

    def __str__(self) -> str:
        return self.suffix.removeprefix(".")


def columns(rows: Sequence[Row]) -> list[str]:
    """All names, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def ndjson(rows: Sequence[Row]) -> bytes:
    return "".join(json.dumps(dict(row), ensure_ascii=False) + "\n" for row in rows).encode()


def delimited(rows: Sequence[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def parquet_file(rows: Sequence[Row]) -> bytes:
    target = io.BytesIO()
    filled = [{name: row.get(name) for name in columns(rows)} for row in rows]
    parquet.write_table(pa.Table.from_pylist(filled), target)
    return target.getvalue()


def avro_file(rows: Sequence[Row]) -> bytes:
    target = io.BytesIO()
    filled = [{name: row.get(name) for name in columns(rows)} for row in rows]
    fastavro.writer(target, _avro_record("row", filled), filled)
    return target.getvalue()


def _avro_record(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    fields = [
        {"name": column, "type": ["null", _avro_type(f"{name}_{column}", rows, column)]}
        for column in columns(rows)
    ]
    return {"type": "record", "name": name, "fields": fields}


def _avro_type(name: str, rows: Sequence[Row], column: str) -> Any:
    values = [row[column] for row in rows if row.get(column) is not None]
    value = values[0] if values else ""
    if isinstance(value, Mapping):
        return _avro_record(name, values)
    if isinstance(value, list):
        items = [{"item": item} for each in values for item in each]
        return {"type": "array", "items": _avro_type(f"{name}_item", items, "item")}
    return {bool: "boolean", int: "long", float: "double", str: "string"}[type(value)]


JSON = WrittenFormat("json", ndjson, ".json")
JSON_GZ = WrittenFormat("json", lambda rows: gzip.compress(ndjson(rows)), ".json.gz")
CSV = WrittenFormat("csv", delimited, ".csv", has_nesting=False)
CSV_GZ = WrittenFormat("csv", lambda rows: gzip.compress(delimited(rows)), ".csv.gz", False)
CSV_BZ2 = WrittenFormat("csv", lambda rows: bz2.compress(delimited(rows)), ".csv.bz2", False)
PARQUET = WrittenFormat("parquet", parquet_file, ".parquet")
AVRO = WrittenFormat("avro", avro_file, ".avro")
FORMATS = [JSON, CSV, PARQUET, AVRO]
WITH_COMPRESSED = [*FORMATS, JSON_GZ, CSV_GZ]
