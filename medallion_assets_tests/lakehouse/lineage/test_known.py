"""What is declared and what a plan said, put together; and bronze, which has no plan."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import (
    Difference,
    How,
    Origin,
    table_lineage,
)
from medallion_assets.lakehouse.lineage.known import known_lineage
from medallion_assets.lakehouse.lineage.noted import Noted
from medallion_assets.lakehouse.tables import BronzeTable, CopiedDirectory, GoldTable, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, raw

AMOUNT = Origin("bronze.sales", "amount", How.AGGREGATION)
STATUS = Origin("bronze.sales", "status", How.CONDITIONAL)
GROUP = Origin("bronze.sales", "shop", How.GROUP_BY)
sales = SilverTable(name="sales", source=raw("sales"), transform=lambda rows: rows)


def declared(*columns: str) -> tuple[Origin, ...]:
    return tuple(Origin("bronze.sales", name) for name in columns)


def test_without_a_plan_the_declaration_is_what_is_known() -> None:
    known = known_lineage(None, {"revenue": declared("amount")})
    assert known.columns == {"revenue": declared("amount")}
    assert known.declared == {"revenue"}
    assert not known.from_plan
    assert known.differences == ()


def test_the_declaration_gives_what_the_plan_hides_and_no_more() -> None:
    found = Noted({"hidden": (), "counted": (GROUP,), "revenue": (AMOUNT,)})
    known = known_lineage(
        found, {"hidden": declared("raw"), "counted": declared("id"), "revenue": declared("amount")}
    )
    assert known.columns == {
        "hidden": declared("raw"),
        "counted": (*declared("id"), GROUP),
        "revenue": (AMOUNT,),
    }
    assert known.declared == {"hidden", "counted"}
    assert known.differences == ()


@pytest.mark.parametrize(
    ("said", "differ"),
    [
        (("amount",), False),
        (("amount", "status"), False),
        (("status",), True),
        (("amount", "price"), True),
        ((), True),
    ],
)
def test_what_passes_has_to_be_declared_and_what_decides_may_be(
    said: tuple[str, ...], differ: bool
) -> None:
    known = known_lineage(Noted({"revenue": (AMOUNT, STATUS)}), {"revenue": declared(*said)})
    names = tuple(sorted(f"bronze.sales.{name}" for name in said))
    difference = Difference("revenue", names, ("bronze.sales.amount",))
    assert known.differences == ((difference,) if differ else ())
    assert known.columns == {"revenue": (AMOUNT, STATUS)}


def test_a_declared_column_that_is_not_there_is_a_difference() -> None:
    known = known_lineage(Noted({"revenue": (AMOUNT,)}), {"revenu": declared("amount")})
    assert known.differences == (Difference("revenu", ("bronze.sales.amount",), ()),)
    assert known.columns == {"revenue": (AMOUNT,)}


@pytest.mark.parametrize(
    "origins", [("bronze.orders.amount",), ("bronze.sales",), ("amount",), ("silver.sales.amount",)]
)
def test_a_source_that_is_not_read_is_refused(origins: tuple[str, ...]) -> None:
    with pytest.raises(DeclarationError, match=r"silver\.sales: .*one of: bronze\.sales\."):
        replace(sales, column_lineage={"revenue": origins})


def test_a_text_in_place_of_a_tuple_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"give a tuple: \('bronze\.sales\.amount',\)"):
        replace(sales, column_lineage={"revenue": "bronze.sales.amount"})  # type: ignore[dict-item]


def test_gold_declares_its_sources_and_bronze_its_landing_directory() -> None:
    GoldTable(
        name="totals",
        sources={"sales": sales},
        group_by={"shop": "shop"},
        query=lambda sales: sales,
        column_lineage={"total": ("silver.sales.amount",)},
    )
    replace(raw("sales"), column_lineage={"amount": ("landing.sales.amt",)})


def test_bronze_has_the_fields_of_its_names_unless_it_declares_others(lake: Lake) -> None:
    table = replace(raw("sales"), column_lineage={"amount": ("landing.sales.amt",)})
    assert table_lineage(lake, table).pairs == {"amount": (("landing.sales", "amt"),)}
    append(lake.path(table), [], {"id": pa.int64(), "amount": pa.int64(), "_batch": pa.int64()})
    assert table_lineage(lake, table).pairs == {
        "id": (("landing.sales", "id"),), "amount": (("landing.sales", "amt"),),
    }  # fmt: skip
    assert table_lineage(lake, table).differences == ()


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        ("'products'", {"sku": {"sku"}, "price": {"price"}}),
        ("(SELECT _c0 AS sku, cast(_c1 + _c2 as int) price FROM 'products')",
         {"sku": {"_c0"}, "price": {"_c1", "_c2"}}),
        ("(SELECT *, upper(name) AS sku FROM 'products')", {"sku": {"name"}, "price": {"price"}}),
    ],
)  # fmt: skip
def test_the_select_list_of_copy_into_says_which_fields_it_takes(
    lake: Lake, selected: str, expected: dict[str, set[str]]
) -> None:
    statement = f"COPY INTO bronze.products FROM {selected} FILEFORMAT = CSV"
    source = CopiedDirectory(name="products", statement=statement)
    table = BronzeTable(name="products", source=source)
    append(lake.path(table), [], {"sku": pa.string(), "price": pa.int64()})
    found = table_lineage(lake, table).columns
    assert {name: {one.column for one in origins} for name, origins in found.items()} == expected


def test_columns_by_position_have_no_known_field(lake: Lake) -> None:
    statement = "COPY INTO bronze.products (sku) FROM 'products' FILEFORMAT = CSV"
    table = BronzeTable(
        name="products", source=CopiedDirectory(name="products", statement=statement)
    )
    append(lake.path(table), [], {"sku": pa.string()})
    assert table_lineage(lake, table).columns == {"sku": ()}


def test_a_note_of_an_earlier_version_is_understood(lake: Lake) -> None:
    directory = lake.stream_directory(sales)
    directory.mkdir(parents=True)
    content = {"format": [["bronze.sales", "format"]], "rows": []}
    (directory / "_lineage.json").write_text(json.dumps(content))
    assert table_lineage(lake, sales).pairs == {"format": (("bronze.sales", "format"),), "rows": ()}
