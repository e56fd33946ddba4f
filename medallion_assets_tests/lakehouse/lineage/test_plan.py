"""Lineage out of Spark's plan: no query is run, so a case costs an analysis alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import lineage
from medallion_assets.lakehouse.changes.debezium import debezium_rows
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import table_lineage
from medallion_assets.lakehouse.tables import GoldTable, Lookup, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, raw, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

customers = SilverTable(
    name="customers",
    source=raw("customers"),
    transform=lambda changes: changes,
    keys=("customer_id",),
    sequence_by=("seq",),
)
sales = SilverTable(
    name="sales",
    source=raw("sales"),
    transform=lambda changes: changes,
    keys=("id",),
    sequence_by=("at",),
    lookups=(Lookup(table=customers, key="customer_id", columns={"country": "country"}),),
)
SALES = {
    "id": pa.int64(),
    "customer_id": pa.int64(),
    "at": pa.int64(),
    "amount": pa.float64(),
    "status": pa.string(),
    "tags": pa.list_(pa.string()),
}
CUSTOMERS = {"customer_id": pa.int64(), "country": pa.string(), "seq": pa.int64()}
Query = Callable[["DataFrame", "DataFrame"], "DataFrame"]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    root = tmp_path_factory.mktemp("lineage")
    lake = Lake(root / "lake", root / "landing")
    append(lake.path(sales), [], SALES)
    append(lake.path(customers), [], CUSTOMERS)
    append(root / "lake" / "silver" / "secret", [], {"rate": pa.float64()})
    append(root / "elsewhere", [], {"rate": pa.float64()})
    return lake


def gold(query: Query) -> GoldTable:
    return GoldTable(
        name="made",
        sources={"sales": sales, "customers": customers},
        group_by={"customer_id": "customer_id"},
        query=query,
    )


def traced(lake: Lake, spark: SparkSession, query: Query) -> lineage.TableLineage:
    def stored(path: Path) -> DataFrame:
        return spark.read.format("delta").load(str(path))

    of_sales, of_customers = stored(lake.path(sales)), stored(lake.path(customers))
    sources = {sales.full_name: of_sales, customers.full_name: of_customers}
    lineage.note(lake, gold(query), query(of_sales, of_customers), sources)
    return table_lineage(lake, gold(query))


def told(found: tuple[lineage.Origin, ...]) -> set[str]:
    return {f"{one.table.removeprefix('silver.')}.{one.column} {one.how.words}" for one in found}


def _counted(sales: DataFrame, customers: DataFrame) -> DataFrame:
    from pyspark.sql import functions as F

    good = sales.where("status <> 'cancelled'")
    return good.groupBy("customer_id").agg(
        F.count("*").alias("orders"), F.sum("amount").alias("revenue"), F.lit(1).alias("one")
    )


def test_a_count_has_what_its_rows_are_grouped_and_filtered_by(
    filled: Lake, spark: SparkSession
) -> None:
    found = traced(filled, spark, _counted)
    assert told(found.columns["customer_id"]) == {"sales.customer_id identity"}
    assert told(found.columns["revenue"]) == {"sales.amount aggregation"}
    deciding = {"sales.customer_id group by", "sales.status filter"}
    assert told(found.columns["orders"]) == deciding == told(found.rows)
    assert table_lineage(filled, gold(_counted)).pairs["orders"] == (
        ("silver.sales", "customer_id"), ("silver.sales", "status"),
    )  # fmt: skip


def test_counts_of_two_branches_each_have_their_own(filled: Lake, spark: SparkSession) -> None:
    def query(sales: DataFrame, customers: DataFrame) -> DataFrame:
        sold = sales.where("amount > 0").groupBy("customer_id").count()
        known = customers.where("country = 'NL'").groupBy("customer_id").count()
        joined = sold.withColumnRenamed("count", "sold").join(
            known.withColumnRenamed("count", "known"), "customer_id", "full"
        )
        return joined.fillna(0, ["sold", "known"])

    found = traced(filled, spark, query)
    assert told(found.columns["sold"]) == {"sales.customer_id group by", "sales.amount filter"}
    assert told(found.columns["known"]) == {
        "customers.customer_id group by", "customers.country filter",
    }  # fmt: skip
    joined = {"sales.customer_id join", "customers.customer_id join"}
    assert joined <= told(found.rows)
    assert told(found.columns["customer_id"]) == {
        "sales.customer_id transformation", "customers.customer_id transformation",
    }  # fmt: skip


def test_conditions_and_windows_decide_and_do_not_pass(filled: Lake, spark: SparkSession) -> None:
    found = traced(
        filled, spark,
        lambda sales, _: sales.selectExpr(
            "case when status = 'paid' then amount when at > 1 then 0 else id end as paid",
            "if(at > 1, amount, null) as late",
            "row_number() over (partition by customer_id order by at) as place",
            "sum(amount) over (partition by customer_id) as running",
            "explode(tags) as tag",
            "1 as constant",
        ),
    )  # fmt: skip
    assert {name: told(origins) for name, origins in found.columns.items()} == {
        "paid": {
            "sales.amount transformation", "sales.id transformation", "sales.status conditional",
            "sales.at conditional",
        },
        "late": {"sales.amount transformation", "sales.at conditional"},
        "place": {"sales.customer_id window", "sales.at window"},
        "running": {"sales.amount aggregation", "sales.customer_id window"},
        "tag": {"sales.tags transformation"},
        "constant": set(),
    }  # fmt: skip


def test_every_branch_of_a_union_and_both_sides_of_a_self_join(
    filled: Lake, spark: SparkSession
) -> None:
    def query(sales: DataFrame, customers: DataFrame) -> DataFrame:
        both = sales.selectExpr("customer_id", "status as word").unionByName(
            customers.selectExpr("customer_id", "upper(country) as word")
        )
        again = sales.selectExpr("customer_id", "amount as other")
        return both.join(again, "customer_id")

    found = traced(filled, spark, query)
    assert told(found.columns["word"]) == {
        "sales.status identity", "customers.country transformation",
    }  # fmt: skip
    assert told(found.columns["other"]) == {"sales.amount identity"}


def test_what_is_read_besides_the_declared_tables_is_told(
    filled: Lake, spark: SparkSession
) -> None:
    def query(sales: DataFrame, customers: DataFrame) -> DataFrame:
        for place in (filled.root / "silver" / "secret", filled.root.parent / "elsewhere"):
            rates = spark.read.format("delta").load(str(place))
            sales = sales.crossJoin(rates.withColumnRenamed("rate", place.name))
        return sales

    elsewhere = str(filled.root.parent / "elsewhere")
    assert traced(filled, spark, query).undeclared == tuple(sorted(["silver.secret", elsewhere]))
    assert traced(filled, spark, _counted).undeclared == ()


def test_what_goes_through_python_is_hidden(filled: Lake, spark: SparkSession) -> None:
    found = traced(
        filled, spark, lambda sales, _: spark.createDataFrame(sales.select("id").rdd, "a BIGINT")
    )
    assert found.columns == {"a": ()}
    assert found.undeclared == ()


@pytest.mark.usefixtures("spark")
def test_events_of_debezium_and_lookups_are_traced_through_a_stream(lake: Lake) -> None:
    row = pa.struct([("id", pa.int64()), ("customer_id", pa.int64()), ("name", pa.string())])
    fields = {
        "op": pa.string(), "before": row, "after": row, "ts_ms": pa.int64(),
        "_corrupt_record": pa.string(),
    }  # fmt: skip
    clients = SilverTable(
        name="clients",
        source=raw("clients"),
        transform=lambda events: debezium_rows(events).selectExpr(
            "id", "customer_id", "upper(name) as name", "_op", "_order"
        ),
        keys=("id",),
        sequence_by=("_order",),
        lookups=(Lookup(table=customers, key="customer_id", columns={"land": "country"}),),
    )
    values = {"id": 1, "customer_id": 2, "name": "a"}
    event = {"op": "c", "before": None, "after": values, "ts_ms": 1, "_corrupt_record": None}
    append(lake.path(clients.source), [event], fields)
    run(clients, lake)
    found = table_lineage(lake, clients)
    sides = {"bronze.clients.after transformation", "bronze.clients.before transformation"}
    assert told(found.columns["name"]) == {*sides, "bronze.clients.op conditional"}
    assert told(found.columns["land"]) == {
        "customers.country identity", "customers.customer_id join",
        "bronze.clients.after join", "bronze.clients.before join",
    }  # fmt: skip
    assert found.undeclared == ()
    assert table_lineage(lake, clients).pairs["land"] == (("silver.customers", "country"),)
