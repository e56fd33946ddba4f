"""Write plain rows in every file format, readable by anyone, without the engine or Spark."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import fastavro
import pyarrow as pa
import pytest
from pyarrow import orc, parquet

from medallion_assets.lakehouse.autoloader.options import FileFormat
from medallion_assets_tests.lakehouse.autoloader.packing import PACKED

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet

Row = Mapping[str, Any]


@dataclass(frozen=True)
class WrittenFormat:
    """A format as files are written in it.

    Args:
        name: of the format.
        encode: rows to a file's bytes.
        suffix: of the files.
        options: that the reader needs.
        unpack: the rows that a row of the table holds, where its columns are the format's own.
        gaps: behaviours that the format can't have, and why.
    """

    name: FileFormat
    encode: Callable[[Sequence[Row]], bytes]
    suffix: str
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    unpack: Callable[[Row], list[dict[str, Any]]] | None = None
    gaps: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def is_text(self) -> bool:
        """Whether the files can be packed, and have no types of their own."""
        return self.name in ("csv", "json", "text", "xml")

    @property
    def tells_dates(self) -> bool:
        """Whether a date is told from other text when types are inferred."""
        return self.name in ("csv", "xml")

    def write(self, path: Path, rows: Sequence[Row]) -> Path:
        """Write a file; its name gets the suffix."""
        target = path.with_name(path.name + self.suffix)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(self.encode(rows))
        return target

    def packed(self, suffix: str) -> WrittenFormat:
        """The same, packed as the suffix says."""
        encode, pack = self.encode, PACKED[suffix]
        return WrittenFormat(
            self.name, lambda rows: pack(encode(rows)), self.suffix + suffix, self.options,
            self.unpack, self.gaps,
        )  # fmt: skip

    def __str__(self) -> str:
        return self.suffix.removeprefix(".")


def columns(rows: Sequence[Row]) -> list[str]:
    """All names, in the order in which they come up."""
    return list(dict.fromkeys(name for row in rows for name in row))


def filled_up(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows, each with all of the names."""
    names = columns(rows)
    return [{name: row.get(name) for name in names} for row in rows]


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
    filled = filled_up(rows)
    parquet.write_table(pa.Table.from_pylist(filled), target)
    return target.getvalue()


def avro_file(rows: Sequence[Row]) -> bytes:
    target = io.BytesIO()
    filled = filled_up(rows)
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


def orc_file(rows: Sequence[Row]) -> bytes:
    target = io.BytesIO()
    filled = filled_up(rows)
    orc.write_table(pa.Table.from_pylist(filled), target)
    return target.getvalue()


def xml_file(rows: Sequence[Row]) -> bytes:
    root = ElementTree.Element("rows")
    for row in rows:
        _element(root, "row", row)
    return b'<?xml version="1.0"?>' + ElementTree.tostring(root, encoding="unicode").encode()


def _element(parent: ElementTree.Element, name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, list):
        for item in value:
            _element(parent, name, item)
        return
    element = ElementTree.SubElement(parent, name)
    if isinstance(value, Mapping):
        for inner, part in value.items():
            _element(element, inner, part)
    else:
        element.text = str(value).lower() if isinstance(value, bool) else str(value)


def lines_of(content: str | bytes) -> list[dict[str, Any]]:
    """The objects of NDJSON."""
    return [json.loads(line) for line in content.splitlines()]


_ONE_COLUMN = "its only column is value"
_FOUR_COLUMNS = "its columns are path, modificationTime, length and content"
_WITHOUT_COLUMNS = ("new columns", "declared types")

JSON = WrittenFormat("json", ndjson, ".json")
CSV = WrittenFormat("csv", delimited, ".csv", gaps={"nesting": "its values have no parts"})
PARQUET = WrittenFormat("parquet", parquet_file, ".parquet")
AVRO = WrittenFormat("avro", avro_file, ".avro")
ORC = WrittenFormat("orc", orc_file, ".orc")
XML = WrittenFormat("xml", xml_file, ".xml", {"rowTag": "row"})
TEXT = WrittenFormat(
    "text", ndjson, ".txt", unpack=lambda row: lines_of(row["value"]),
    gaps=dict.fromkeys((*_WITHOUT_COLUMNS, "nesting"), _ONE_COLUMN),
)  # fmt: skip
BINARY = WrittenFormat(
    "binaryFile", ndjson, ".bin", unpack=lambda row: lines_of(row["content"]),
    gaps=dict.fromkeys((*_WITHOUT_COLUMNS, "nesting"), _FOUR_COLUMNS)
    | {"broken files": "any bytes are a content"},
)  # fmt: skip

FORMATS = [JSON, CSV, PARQUET, AVRO, ORC, XML, TEXT, BINARY]


def formats(behaviour: str, of: Sequence[WrittenFormat] = FORMATS) -> list[ParameterSet]:
    """The formats that can behave so, as parameters of a test."""
    return [pytest.param(one, id=str(one)) for one in of if behaviour not in one.gaps]
