"""Columns that stand in directory names: `day=2026-11-01/part.parquet`."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from pyspark.sql.types import (
    DataType,
    DateType,
    LongType,
    StringType,
    StructField,
    StructType,
)

_PAIR = re.compile(r"([^=/]+)=([^/]*)\Z")


def partition_values(
    directory: Path, paths: Sequence[str], wanted: tuple[str, ...] | None
) -> dict[str, set[str]]:
    """Column name to the values seen, from the directories between the landing directory and files.

    Args:
        directory: the landing directory; what is above it is not looked at.
        paths: the files.
        wanted: the only columns to take; None takes every `key=value` directory.
    """
    values: dict[str, set[str]] = {name: set() for name in wanted or ()}
    for folder in {os.path.dirname(path) for path in paths}:
        for part in Path(os.path.relpath(folder, directory)).parts:
            pair = _PAIR.match(part)
            if pair is not None and (wanted is None or pair.group(1) in wanted):
                values.setdefault(pair.group(1), set()).add(unquote(pair.group(2)))
    return values


def with_partitions(schema: StructType, values: dict[str, set[str]], *, infer: bool) -> StructType:
    """The schema with the partition columns it lacks, at its end."""
    present = {name.lower() for name in schema.names}
    added = [
        StructField(name, _type_of(seen) if infer else StringType())
        for name, seen in values.items()
        if name.lower() not in present
    ]
    return StructType([*schema.fields, *added])


def _type_of(values: set[str]) -> DataType:
    said = {value for value in values if value != "__HIVE_DEFAULT_PARTITION__"}
    if said and all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value) for value in said):
        return DateType()
    if said and all(re.fullmatch(r"-?(0|[1-9]\d{0,17})", value) for value in said):
        return LongType()
    return StringType()
