"""COPY INTO from files that know their types, into columns of other types: no value is bent."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from medallion_assets.lakehouse.errors import MisfitError
from medallion_assets_tests.lakehouse.copy_into.copied_table import CopiedTable, Make

COLUMNS = "i int, m decimal(10,2), d date, s struct<a: int>, l array<int>"
TYPES: dict[str, pa.DataType] = {
    "i": pa.float64(),
    "m": pa.decimal128(12, 4),
    "d": pa.timestamp("us", tz="UTC"),
    "s": pa.struct({"a": pa.float64()}),
    "l": pa.list_(pa.float64()),
}
FITS: dict[str, Any] = {
    "i": 5.0,
    "m": Decimal("1.2300"),
    "d": datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    "s": {"a": 5.0},
    "l": [5.0, None],
}
MISFITS: dict[str, Any] = {
    "i": 1.7,
    "m": Decimal("1.2345"),
    "d": datetime.datetime(2024, 1, 1, 10, 30, tzinfo=datetime.timezone.utc),
    "s": {"a": 1.7},
    "l": [1.0, 1.7],
}


def land(table: CopiedTable, row: dict[str, Any]) -> None:
    rows = pa.Table.from_pylist([row], schema=pa.schema(TYPES.items()))
    pq.write_table(rows, table.source / "rows.parquet")


def test_values_that_fit_are_held_by_the_columns(make: Make) -> None:
    table = make(COLUMNS)
    land(table, FITS)
    assert table.copy("PARQUET").num_inserted_rows == 1
    assert DeltaTable(table.path).to_pyarrow_table().to_pylist() == [
        {"i": 5, "m": Decimal("1.23"), "d": datetime.date(2024, 1, 1), "s": {"a": 5},
         "l": [5, None]},
    ]  # fmt: skip


@pytest.mark.parametrize("name", MISFITS)
def test_a_value_that_does_not_fit_ends_the_statement(make: Make, name: str) -> None:
    table = make(COLUMNS)
    land(table, {**FITS, name: MISFITS[name]})
    before = DeltaTable(table.path).version()
    with pytest.raises(MisfitError, match=name):
        table.copy("PARQUET")
    assert DeltaTable(table.path).version() == before
