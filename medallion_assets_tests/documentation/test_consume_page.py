"""The scripts of `docs/consume.md` run as they are printed, on gold tables that Spark has written.

What each reader finds is compared with the sample's truth.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import GoldTable, SilverTable
from medallion_assets.shop import gold, silver
from medallion_assets.shop.generator import CustomerFeatures, ShopGenerator, truth
from medallion_assets.shop.generator.silver_truth import Row
from medallion_assets_tests.documentation.pages import PROJECT, blocks
from medallion_assets_tests.lakehouse.delta_rows import rows, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PAGE = "docs/consume.md"
TIME = pa.timestamp("us", tz="UTC")
CUSTOMERS = {"customer_id": pa.int64(), "country": pa.string(), "segment": pa.string()}
ORDERS = {
    "order_id": pa.int64(), "customer_id": pa.int64(), "product_id": pa.string(),
    "category": pa.string(), "quantity": pa.int32(), "amount": pa.decimal128(12, 2),
    "status": pa.string(), "ordered_at": TIME, "order_date": pa.date32(),
}  # fmt: skip
CLICKS = {
    "click_id": pa.string(), "session_id": pa.string(), "customer_id": pa.int64(),
    "product_id": pa.string(), "clicked_at": TIME,
}  # fmt: skip
GOLD = (gold.daily_revenue, gold.customer_value, gold.customer_features)


def store(lake: Lake, table: SilverTable, held: Iterable[Row], fields: dict[str, Any]) -> None:
    """Append rows to a silver table, with a change data feed as the engine makes it."""
    columns = pa.schema(fields.items())
    write_deltalake(
        lake.path(table),
        pa.Table.from_pylist([dict(row) for row in held], schema=columns),
        mode="append",
        configuration={"delta.enableChangeDataFeed": "true"},
    )


def take(lake: Lake, orders: Iterable[Row], clicks: Iterable[Row] = ()) -> None:
    """Add orders and clicks, and let gold follow."""
    dated = [{**row, "order_date": row["ordered_at"].date()} for row in orders]
    store(lake, silver.orders, dated, ORDERS)
    store(lake, silver.clicks, clicks, CLICKS)
    for table in GOLD:
        run(table, lake)


@pytest.fixture
def lake_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: SparkSession) -> Lake:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "data/lake"))
    return Lake(tmp_path / "data/lake", tmp_path / "data/landing")


def read(frame: Any) -> dict[int, CustomerFeatures]:
    """Features by customer as pandas has them, with its nothing as None."""
    frame = frame.astype(object).where(frame.notna(), None)
    return {
        row["customer_id"]: CustomerFeatures(**{n: row[n] for n in CustomerFeatures._fields})
        for row in frame.to_dict("records")
    }


def test_the_scripts_of_the_page(
    lake_of_the_page: Lake, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = lake_of_the_page
    generator = ShopGenerator(orders_per_batch=60)
    batches = [generator.batch(number) for number in (1, 2)]
    first = truth(batches[:1])
    store(lake, silver.customers, first.customers.values(), CUSTOMERS)
    take(lake, first.orders.values(), first.clicks.values())
    names: dict[str, Any] = {}
    where, pandas, duckdb, polars, sql, pinned, versions, feed, enable, scan = blocks(
        _PAGE, "python"
    )

    def execute(*scripts: str) -> str:
        capsys.readouterr()
        for script in scripts:
            exec(compile(script, _PAGE, "exec"), names)
        return capsys.readouterr().out

    execute(where, pandas, duckdb, polars)
    features = names["features"]
    assert read(features) == first.customer_features
    by_category: defaultdict[str, Decimal] = defaultdict(Decimal)
    by_day: defaultdict[date, Decimal] = defaultdict(Decimal)
    for (day, category), sold in first.daily_revenue.items():
        by_category[category] += sold.revenue
        by_day[day] += sold.revenue
    assert names["by_category"] == sorted(by_category.items())
    assert names["by_day"].rows() == sorted(by_day.items())
    best = max(first.customer_value.items(), key=lambda value: value[1].revenue)
    assert f"|{best[0]:>11}|" in execute(sql)
    execute(pinned, versions)

    more = truth(batches).orders
    new = [row for key, row in more.items() if key not in first.orders]
    take(lake, new)
    assert DeltaTable(lake.path(gold.customer_features)).version() == 1
    # What was pinned is still what it was.
    execute(pinned.replace("table.version()", "0"))
    assert read(names["training"]) == first.customer_features
    execute(versions)
    assert names["before"].count() == len(first.customer_features)
    execute(feed)
    assert names["changes"]["_change_type"].value_counts().to_dict() == {"insert": len(new)}
    execute(scan)
    revenue = rows(lake.path(gold.daily_revenue))
    assert len(names["rows"].fetchall()) == len(revenue) >= len(first.daily_revenue)
    check_the_feed_of_gold(lake, enable, execute)


def check_the_feed_of_gold(lake: Lake, enable: str, execute: Any) -> None:
    """Once it is asked for it has what is written, and gold goes on as before."""
    table: GoldTable = gold.customer_features
    one = next(iter(rows(lake.path(table))))
    execute(enable)
    on = DeltaTable(lake.path(table)).version()
    click = {"click_id": "new", "session_id": "new", "customer_id": one["customer_id"],
             "product_id": "P-1", "clicked_at": one["last_seen_at"]}  # fmt: skip
    store(lake, silver.clicks, [click], CLICKS)
    run(table, lake)
    feed = pa.table(DeltaTable(lake.path(table)).load_cdf(starting_version=on + 1)).to_pylist()
    changes = {change["_change_type"]: change for change in feed}
    assert changes.keys() == {"update_preimage", "update_postimage"}
    assert {change["customer_id"] for change in feed} == {one["customer_id"]}
    assert changes["update_postimage"]["clicks"] == one["clicks"] + 1


_WRITTEN_WITH: Mapping[str, tuple[str, str, str | None]] = {
    # What is in `v`, a table property, and what is done afterwards.
    "none": ("id", "delta.enableChangeDataFeed=true", None),
    "timestampNtz": ("timestamp_ntz'2026-11-01 00:00:00'", "", None),
    "variantType": ("parse_json('1')", "", None),
    "typeWidening": (
        "cast(id as int)",
        "delta.enableTypeWidening=true",
        "alter column v type long",
    ),
    "deletionVectors": ("id", "delta.enableDeletionVectors=true", None),
    "columnMapping": ("id", "delta.columnMapping.mode=name", "rename column v to w"),
}
READERS: Mapping[str, Callable[[Path], list[int | None]]] = {
    "to_pandas": lambda path: DeltaTable(path).to_pandas()["id"].tolist(),
    "scan": lambda path: pa.table(DeltaTable(path).scan())["id"].to_pylist(),
    "Polars": lambda path: pl.read_delta(str(path))["id"].to_list(),
}


def manages(reader: Callable[[Path], list[int | None]], path: Path) -> str:
    try:
        return "yes" if sorted(reader(path), key=repr) == [0, 1, 3] else "wrong"
    except (DeltaError, pl.exceptions.ComputeError):
        return "no"


def test_each_reader_manages_what_the_page_says(spark: SparkSession, tmp_path: Path) -> None:
    lines = (PROJECT / _PAGE).read_text().partition("| --- | --- | --- | --- | --- |\n")[2]
    said = [[cell.strip(" `") for cell in line.split("|")[1:-1]] for line in lines.splitlines()]
    told = {row[0]: row[2:] for row in said[: len(_WRITTEN_WITH)]}
    found = {}
    for feature, (value, told_property, then) in _WRITTEN_WITH.items():
        path = tmp_path / feature
        name, _, setting = told_property.partition("=")
        writer = spark.range(4).selectExpr("id", f"{value} as v").coalesce(1).write.format("delta")
        (writer.option(name, setting) if name else writer).save(str(path))
        spark.sql(f"delete from delta.`{path}` where id = 2")
        if then:
            spark.sql(f"alter table delta.`{path}` {then}")
        features = DeltaTable(path).protocol()
        required = features.reader_features or (features.writer_features or ["none"])
        assert feature == "none" or feature in required
        found[feature] = [manages(reader, path) for reader in READERS.values()]
    assert found == told
