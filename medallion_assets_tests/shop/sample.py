"""The committed sample, and plain readers of its files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
from hypothesis import strategies as st

from medallion_assets.shop.generator import Batch, ShopGenerator

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
SAMPLE_BATCHES = (1, 2, 3)

Json = dict[str, Any]

# What the property tests try.
seeds = st.integers(min_value=0, max_value=2**32)
sizes = st.integers(min_value=1, max_value=60)


def files_below(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def contents(batch: Batch) -> dict[str, bytes]:
    return {path.as_posix(): data for path, data in batch.contents().items()}


def avro_rows(path: Path) -> list[Json]:
    with path.open("rb") as file:
        return [dict(row) for row in fastavro.reader(file) if isinstance(row, dict)]


def sample_batches() -> list[Batch]:
    return [ShopGenerator().batch(number) for number in SAMPLE_BATCHES]


def lines(feed: str) -> Iterator[tuple[int, str]]:
    for number in SAMPLE_BATCHES:
        for path in sorted((SAMPLE / f"batch-{number:04d}" / feed).iterdir()):
            for line in path.read_text(encoding="utf-8").splitlines():
                yield number, line


def parsed(line: str) -> Json | None:
    try:
        value = json.loads(line, parse_float=Decimal)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
