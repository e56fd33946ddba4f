"""A small lakehouse of people and their orders, with every kind of table that holds a person."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from medallion_assets.lakehouse.erasure.stores import Store, stores_of
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    Lookup,
    SilverTable,
)
from medallion_assets_tests.lakehouse.delta_rows import Row, in_order, rows, run

MARKER = "zz-marker"
"""In the rows of the people who are erased and nowhere else; sorted, the last of all values."""

_OPTIONS = {"cloudFiles.settleSeconds": "0"}
_CUT_OFF = """nullif(regexp_extract(_corrupt_record, '"id":([0-9]+)', 1), '')"""

bronze_people = BronzeTable(
    name="people",
    source=LandingDirectory(
        name="people",
        format="json",
        schema="id BIGINT, name STRING, city STRING, op STRING, seq BIGINT",
        options=_OPTIONS,
    ),
    data_subject={"person": ("id", _CUT_OFF)},
)
bronze_orders = BronzeTable(
    name="orders",
    source=LandingDirectory(
        name="orders",
        format="json",
        schema="order_id BIGINT, buyer BIGINT, amount BIGINT, day STRING, note STRING, seq BIGINT",
        options=_OPTIONS,
    ),
    data_subject={"person": "buyer"},
)
people = SilverTable(
    name="people",
    source=bronze_people,
    transform=lambda changes: changes.selectExpr(
        "id", "name", "city", "op as _op", "seq as _seq", "_corrupt_record"
    ),
    keys=("id",),
    sequence_by=("_seq",),
    apply_as_deletes="_op = 'd'",
    expectations=(expect_or_quarantine("placed", "_op = 'd' or city is not null"),),
    data_subject={"person": ("id", _CUT_OFF)},
)
people_history = SilverTable(
    name="people_history",
    source=bronze_people,
    transform=lambda changes: changes.where("id is not null").selectExpr(
        "id", "name", "city", "op as _op", "seq as _seq"
    ),
    keys=("id",),
    sequence_by=("_seq",),
    apply_as_deletes="_op = 'd'",
    stored_as_scd_type=2,
    data_subject={"person": "id"},
)
orders = SilverTable(
    name="orders",
    source=bronze_orders,
    transform=lambda changes: changes.selectExpr(
        "order_id", "buyer", "amount", "day", "note", "seq as _seq"
    ),
    keys=("order_id",),
    sequence_by=("_seq",),
    expectations=(expect_or_quarantine("positive", "amount > 0"),),
    lookups=(Lookup(table=people, key="id", on="buyer", columns={"buyer_name": "name"}),),
    data_subject={"person": "buyer"},
)
by_person = GoldTable(
    name="by_person",
    sources={"orders": orders},
    group_by={"buyer": "buyer"},
    query=lambda orders: orders.groupBy("buyer").agg({"buyer_name": "max", "amount": "sum"})
    .withColumnsRenamed({"max(buyer_name)": "name", "sum(amount)": "revenue"}),
    data_subject={"person": "buyer"},
)  # fmt: skip
by_day = GoldTable(
    name="by_day",
    sources={"orders": orders},
    group_by={"day": "day"},
    query=lambda orders: orders.groupBy("day").agg({"amount": "sum"})
    .withColumnsRenamed({"sum(amount)": "revenue"}),
)  # fmt: skip
house = Lakehouse.from_tables([people, people_history, orders, by_person, by_day])


def person(key: int, op: str, seq: int, city: str | None = None) -> tuple[int, str]:
    name = f"{MARKER}-{key}" if key in ERASED else f"name-{key}"
    row = {"id": key, "name": name, "city": city, "op": op, "seq": seq}
    return key, json.dumps(row, separators=(",", ":"))


def order(key: int, buyer: int, amount: int, day: int, seq: int = 1) -> tuple[int, str]:
    note = f"for {MARKER}" if buyer in ERASED else "for somebody"
    row = {
        "order_id": key, "buyer": buyer, "amount": amount, "day": f"2026-11-0{day}",
        "note": note, "seq": seq,
    }  # fmt: skip
    return buyer, json.dumps(row, separators=(",", ":"))


ERASED = (1, 4)
NOBODY = 0
PEOPLE = {
    1: [
        person(1, "c", 1, "Ulm"), person(2, "c", 1, "Bonn"), person(3, "c", 1, "Kiel"),
        person(4, "c", 1, "Hof"), person(1, "u", 2), person(3, "u", 2),
        (1, person(1, "u", 9, "Ulm")[1][:25]), (NOBODY, '{"name":"somebody","ci'),
    ],
    2: [person(1, "u", 3, "Gera"), person(2, "d", 2), person(4, "d", 2)],
    3: [person(3, "d", 6), person(5, "c", 1, "Ulm")],
}  # fmt: skip
ORDERS = {
    1: [
        order(10, 1, 5, 1), order(11, 2, 6, 1), order(12, 3, 7, 2), order(13, 1, -1, 1),
        order(14, 4, 8, 3), order(15, 3, -2, 1),
    ],
    2: [order(10, 1, 9, 1, seq=2), order(16, 1, 3, 2)],
    3: [order(17, 5, 4, 2), order(12, 3, 8, 2, seq=2), order(18, 5, 2, 3)],
}  # fmt: skip
"""Batch to lines, each with the person whose it is."""


def land(lake: Lake, batch: int, without: Collection[int] = ()) -> None:
    """Land a batch, perhaps as if some people had never been there."""
    for feed, batches in (("people", PEOPLE), ("orders", ORDERS)):
        directory = lake.landing / feed
        directory.mkdir(parents=True, exist_ok=True)
        lines = [line for whose, line in batches[batch] if whose not in without]
        (directory / f"{batch}.json").write_text("".join(f"{line}\n" for line in lines))


def run_all(lake: Lake) -> None:
    """Every table once: one run."""
    for table in house.tables:
        assert run(table, lake).rows.conserved


def stores(lake: Lake) -> list[Store]:
    return [store for table in house.tables for store in stores_of(table, lake)]


_OF_THE_RUN = {
    "_batch", "_batch_id", "_file_modification_time", "_file_path", "_ingested_at",
    "_quarantine_id", "_quarantined_at", "_taken_at",
}  # fmt: skip


def contents(lake: Lake) -> dict[str, list[Row]]:
    """Every row of every store, without what differs from run to run."""
    return {store.name: in_order(_lasting(rows(store.path))) for store in stores(lake)}


def _lasting(found: Iterable[Row]) -> list[Row]:
    return [{name: row[name] for name in row if name not in _OF_THE_RUN} for row in found]


def holding(directory: Path, text: str) -> set[Path]:
    """The files with a text in their bytes, or in the rows of Parquet."""
    found = set()
    for path in directory.rglob("*"):
        if path.is_file() and (text.encode() in path.read_bytes() or text in _rows_of(path)):
            found.add(path.relative_to(directory))
    return found


def _rows_of(path: Path) -> str:
    kept: Any = pq.ParquetFile(path).read().to_pylist() if path.suffix == ".parquet" else ""
    return repr(kept)
