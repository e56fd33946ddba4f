"""The check of declared lineage, and what the catalog says of lineage."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa

from medallion_assets.lakehouse import lineage
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import How, Origin, TableLineage, table_lineage
from medallion_assets.lakehouse.tables import GoldTable
from medallion_assets.orchestration.checks import check_specs
from medallion_assets.orchestration.lineage_check import lineage_results, warn_of_undeclared
from medallion_assets.orchestration.lineage_metadata import EVERY_ROW, lineage_metadata
from medallion_assets_tests.lakehouse.delta_rows import append
from medallion_assets_tests.orchestration.small_lakehouse import gold_revenue, silver_orders

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

FIELDS = {"country": pa.string(), "amount": pa.float64(), "price": pa.float64()}
mistaken = replace(gold_revenue, column_lineage={"revenue": ("silver.orders.price",)})


def noted(lake: Lake, spark: SparkSession, table: GoldTable, *, stranger: bool = False) -> None:
    append(lake.path(silver_orders), [], FIELDS)
    orders = spark.read.format("delta").load(str(lake.path(silver_orders)))
    rows = orders
    if stranger:
        append(lake.root / "silver" / "rates", [], {"rate": pa.float64()})
        rates = spark.read.format("delta").load(str(lake.root / "silver" / "rates"))
        rows = orders.crossJoin(rates)
    result = table.query(orders=rows)
    lineage.note(lake, table, result, {silver_orders.full_name: orders})


def test_only_a_table_that_declares_lineage_has_the_check(lake: Lake) -> None:
    assert "column_lineage" not in [spec.name for spec in check_specs(gold_revenue)]
    assert lineage_results(gold_revenue, lake) == []
    (spec,) = [spec for spec in check_specs(mistaken) if spec.name == "column_lineage"]
    assert not spec.blocking


def test_a_declaration_that_the_plan_contradicts_is_told(lake: Lake, spark: SparkSession) -> None:
    noted(lake, spark, mistaken)
    (result,) = lineage_results(mistaken, lake)
    assert (result.passed, result.severity) == (False, dg.AssetCheckSeverity.WARN)
    differences = str(result.metadata["differences"].value)
    assert "silver.orders.price" in differences
    assert "silver.orders.amount" in differences
    mended = replace(gold_revenue, column_lineage={"revenue": ("silver.orders.amount",)})
    (result,) = lineage_results(mended, lake)
    assert result.passed


def test_a_table_that_is_read_unsaid_fails_the_check_and_is_warned_of(
    lake: Lake, spark: SparkSession
) -> None:
    said: list[str] = []
    table = replace(gold_revenue, column_lineage={"revenue": ("silver.orders.amount",)})
    noted(lake, spark, table)
    warn_of_undeclared(table, lake, said.append)
    assert said == []
    noted(lake, spark, table, stranger=True)
    (result,) = lineage_results(table, lake)
    assert not result.passed
    assert result.metadata["undeclared_reads"].value == "silver.rates"
    warn_of_undeclared(table, lake, said.append)
    (warning,) = said
    assert warning.startswith("gold.revenue reads silver.rates, which is no declared upstream")
    found = lineage_metadata(table_lineage(lake, table))
    assert found["undeclared_reads"] == "silver.rates"


def test_without_a_plan_the_check_says_so_and_passes(lake: Lake) -> None:
    (result,) = lineage_results(mistaken, lake)
    assert result.passed
    assert result.metadata["plan_was_read"].value is False
    assert result.metadata["only_declared"].value == "revenue"


def test_the_catalog_says_how_and_a_count_hangs_on_what_it_is_counted_by() -> None:
    group = Origin("silver.orders", "country", How.GROUP_BY)
    found = lineage_metadata(
        TableLineage(
            columns={
                "country": (Origin("silver.orders", "country", How.IDENTITY),),
                "orders": (group,),
                "risk": (Origin("silver.orders", "amount", How.DIRECT),),
                "one": (),
            },
            rows=(group,),
            declared=frozenset({"risk"}),
        )
    )
    told, kept = found["column_lineage"], found["dagster/column_lineage"]
    assert isinstance(told, dg.MarkdownMetadataValue)
    assert isinstance(kept, dg.TableColumnLineage)
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in told.value.replace("\\", "").splitlines()[2:]
    ]
    assert lines == [
        ["country", "silver.orders.country", "identity"],
        ["orders", "silver.orders.country", "group by"],
        ["risk", "silver.orders.amount", "declared"],
        ["one", "nothing that is read", ""],
        [EVERY_ROW, "silver.orders.country", "group by"],
    ]
    deps = kept.deps_by_column
    assert {name: [dep.column_name for dep in of] for name, of in deps.items()} == {
        "country": ["country"], "orders": ["country"], "risk": ["amount"], "one": [],
    }  # fmt: skip
