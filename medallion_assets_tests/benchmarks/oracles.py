"""Files as they land, read by no engine at all, and which state of a key is the last."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyarrow import parquet

from benchmarks.landed_table import LandedTable

Row = dict[str, Any]


def newest(table: LandedTable, landing: Path) -> list[Row]:
    """The rows of a table with the highest sequence of their key."""
    found: dict[tuple[object, ...], Row] = {}
    for row in landed(table, landing):
        key = tuple(row[name] for name in table.keys)
        if key not in found or row[table.sequence] > found[key][table.sequence]:
            found[key] = row
    return list(found.values())


def landed(table: LandedTable, landing: Path) -> list[Row]:
    """All rows that have landed."""
    files = sorted((landing / table.name).iterdir())
    return [row for file in files for row in _rows(table, file)]


def contents(landing: Path) -> dict[str, bytes]:
    """What stands in each file below a landing root."""
    files = sorted(file for file in landing.rglob("*") if file.is_file())
    return {str(file.relative_to(landing)): file.read_bytes() for file in files}


def _rows(table: LandedTable, file: Path) -> Iterable[Row]:
    if table.format == "parquet":
        rows: list[Row] = parquet.read_table(file).to_pylist()
        return rows
    lines = file.read_text(encoding="utf-8").splitlines()
    if table.format == "json":
        return [json.loads(line) for line in lines]
    numbers = [name for name, kind in table.columns.items() if kind in ("int", "bigint")]
    return [row | {name: int(row[name]) for name in numbers} for row in csv.DictReader(lines)]
