"""What the landed orders are worth, read from the files alone: the truth the tables must match."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

STATUSES = ("placed", "paid", "shipped", "cancelled")


def lines(files: list[Path]) -> list[str]:
    """Every line of the files."""
    return [line for file in files for line in file.read_text().splitlines() if line.strip()]


def valid_order_ids(files: list[Path]) -> set[int]:
    """The orders of which at least one line keeps every rule."""
    rows = [_parsed(line) for line in lines(files)]
    return {row["order_id"] for row in rows if row is not None and _is_valid(row)}


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        row: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return row


def _is_valid(row: dict[str, Any]) -> bool:
    return (
        row["order_id"] is not None
        and isinstance(row["quantity"], int)
        and row["quantity"] > 0
        and row["amount"] >= 0
        and row["status"] in STATUSES
        and row["ordered_at"] is not None
    )
