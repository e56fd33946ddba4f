"""A bronze table that is loaded by COPY INTO behaves as any bronze table does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from medallion_assets import cloud_files_state, copy_into
from medallion_assets.lakehouse.autoloader.landing import LandingState, look
from medallion_assets.lakehouse.autoloader.reprocess import Wanted
from medallion_assets.lakehouse.errors import (
    DeclarationError,
    FileUnreadableError,
    LostStateError,
    OptionError,
    StatementError,
)
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Files, Materialization
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.reprocess import reprocess
from medallion_assets.lakehouse.streams.trigger import processing_time
from medallion_assets.lakehouse.tables import BronzeTable, CopiedDirectory, Lakehouse
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.delta_rows import no_session

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STATEMENT = """
    COPY INTO bronze.prices FROM 'prices' FILEFORMAT = CSV
    FORMAT_OPTIONS ('header' = 'true', 'ignoreCorruptFiles' = 'true')
    COPY_OPTIONS ('mergeSchema' = 'true')
"""


def table_of(statement: str = STATEMENT) -> BronzeTable:
    return BronzeTable(name="prices", source=CopiedDirectory(name="prices", statement=statement))


prices = table_of()


def land_csv(lake: Lake, name: str, *lines: str, header: str = "sku,price") -> Path:
    return land(lake.landing / "prices" / name, "\n".join([header, *lines]) + "\n")


def rows(lake: Lake, *columns: str) -> list[tuple[Any, ...]]:
    table = DeltaTable(lake.path(prices)).to_pyarrow_table().select(list(columns or ("sku",)))
    return sorted(tuple(row.values()) for row in table.to_pylist())


def files_of(done: Materialization) -> Files:
    assert done.files is not None
    return done.files


def seen(lake: Lake) -> LandingState:
    source = prices.source
    assert isinstance(source, CopiedDirectory)
    return look(
        lake.landing_path(source), lake.stream_directory(prices), source.cloud_files_options(),
        budget_seconds=60,
    )  # fmt: skip


def test_files_are_loaded_once_and_nothing_new_starts_no_session(
    lake: Lake, spark: SparkSession
) -> None:
    first = land_csv(lake, "1.csv", "A,1.50", "B,2,3")
    assert seen(lake).new_files == 1
    done = materialize(prices, lake, lambda: spark)
    assert (done.rows.read, done.rows.written, done.rows.corrupt) == (2, 2, 1)
    assert done.rows.conserved
    assert (files_of(done).taken, files_of(done).backlog_files) == ((str(first),), 0)
    stored = rows(lake, "sku", "_batch", "_file_path", "_corrupt_record")
    assert [(row[0], row[1], row[3]) for row in stored] == [("A", 0, None), ("B", 0, "B,2,3")]
    assert stored[0][2].endswith("/prices/1.csv")
    again = materialize(prices, lake, no_session)
    assert (again.batches, again.rows.read) == (0, 0)
    assert seen(lake).new_files == 0
    land_csv(lake, "2.csv", "C,3,new", header="sku,price,more")
    assert materialize(prices, lake, lambda: spark).rows.written == 1
    assert rows(lake, "sku", "more") == [("A", None), ("B", None), ("C", "new")]
    states = cloud_files_state(spark, lake.stream_directory(prices)).collect()
    assert {row["ingestion_state"] for row in states} == {"committed"}


def test_a_broken_file_is_a_failed_one_until_it_is_mended(lake: Lake, spark: SparkSession) -> None:
    land_csv(lake, "1.csv", "A,1")
    land(lake.landing / "prices" / "2.csv.gz", "no gzip")
    done = materialize(prices, lake, lambda: spark)
    assert [Path(file.path).name for file in files_of(done).failed] == ["2.csv.gz"]
    assert seen(lake).failed_files == 1
    assert seen(lake).new_files == 0, "no sensor starts a run for it again and again"
    again = materialize(prices, lake, lambda: spark)
    assert again.batches == 0
    assert len(files_of(again).failed) == 1
    strict = table_of(STATEMENT.replace(", 'ignoreCorruptFiles' = 'true'", ""))
    with pytest.raises(FileUnreadableError, match=r"2\.csv\.gz"):
        materialize(strict, lake, lambda: spark)
    assert rows(lake) == [("A",)]


def test_statements_by_hand_and_the_assets_skip_what_the_other_loaded(
    lake: Lake, spark: SparkSession
) -> None:
    land_csv(lake, "1.csv", "A,1")
    materialize(prices, lake, lambda: spark)
    by_hand = (
        f"COPY INTO delta.`{lake.path(prices)}` FROM '{lake.landing}/prices' FILEFORMAT = CSV "
        "FORMAT_OPTIONS ('header' = 'true')"
    )
    assert copy_into(spark, by_hand).num_inserted_rows == 0
    land_csv(lake, "2.csv", "B,2")
    assert copy_into(spark, by_hand).num_inserted_rows == 1
    assert materialize(prices, lake, no_session).batches == 0
    assert rows(lake) == [("A",), ("B",)]
    land_csv(lake, "3.csv", "C,3")
    rebuild(Lakehouse.from_tables([prices]), prices, lake, lambda: spark)
    assert copy_into(spark, by_hand).num_inserted_rows == 0, "the rebuilt table's loads count"
    land_csv(lake, "4.csv", "D,4")
    assert materialize(prices, lake, lambda: spark).rows.written == 1
    assert rows(lake) == [("A",), ("B",), ("C",), ("D",)]


def test_expressions_keep_where_a_row_came_from(lake: Lake, spark: SparkSession) -> None:
    land_csv(lake, "1.csv", "a,1.5")
    table = table_of(
        STATEMENT.replace("'prices'", "(SELECT *, price::double * 2 AS twice FROM 'prices')")
    )
    materialize(table, lake, lambda: spark)
    land_csv(lake, "2.csv", "b,2")
    materialize(table, lake, lambda: spark)
    stored = rows(lake, "sku", "price", "twice", "_batch")
    assert stored == [("a", "1.5", 3.0, 0), ("b", "2", 4.0, 1)]


def test_files_are_loaded_until_the_run_is_stopped(lake: Lake, spark: SparkSession) -> None:
    land_csv(lake, "1.csv", "A,1")
    said: list[str] = []

    def progress(line: str) -> None:
        said.append(line)
        if len(said) == 1:
            land_csv(lake, "2.csv", "B,2")

    done = materialize(
        prices, lake, lambda: spark, trigger=processing_time("100 milliseconds"),
        progress=progress, stop_requested=lambda: len(said) == 2,
    )  # fmt: skip
    assert (done.batches, done.rows.written) == (2, 2)
    assert said == ["load 0: 1 rows from 1 files", "load 1: 1 rows from 1 files"]


def test_the_interval_of_the_trigger_is_waited_for(lake: Lake, spark: SparkSession) -> None:
    land_csv(lake, "1.csv", "A,1")
    asked = 0

    def stop_requested() -> bool:
        nonlocal asked
        asked += 1
        land_csv(lake, "2.csv", "B,2")
        return asked == 5

    done = materialize(
        prices, lake, lambda: spark, trigger=processing_time("1 hour"),
        stop_requested=stop_requested,
    )  # fmt: skip
    assert done.batches == 1


def test_a_lost_checkpoint_is_an_error_and_not_a_second_load(
    lake: Lake, spark: SparkSession
) -> None:
    land_csv(lake, "1.csv", "A,1")
    materialize(prices, lake, lambda: spark)
    streams = lake.stream_directory(prices)
    streams.rename(streams.with_name("lost"))
    with pytest.raises(LostStateError, match=r"bronze\.prices"):
        materialize(prices, lake, no_session)
    by_hand = f"COPY INTO delta.`{lake.path(prices)}` FROM '{lake.landing}' FILEFORMAT = CSV"
    with pytest.raises(LostStateError, match="rebuild"):
        copy_into(spark, by_hand)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (STATEMENT.replace("'prices'", "'elsewhere'"), "reads 'elsewhere'"),
        (STATEMENT.replace("bronze.prices", "silver.prices"), "target has to be bronze.prices"),
        (STATEMENT.replace("bronze.prices", "delta.`/lake/t`"), "target has to be bronze.prices"),
        (f"{STATEMENT} VALIDATE ALL", "would load"),
        (STATEMENT.replace("'mergeSchema' =", "'force' ="), "every file each time"),
    ],
)
def test_declarations_that_are_wrong(statement: str, reason: str) -> None:
    with pytest.raises(DeclarationError, match=reason):
        table_of(statement)
    with pytest.raises(StatementError):
        table_of(statement.replace("FROM", "TO"))


def test_a_table_without_columns_is_not_clustered() -> None:
    with pytest.raises(DeclarationError, match=r"bronze\.prices .* Leave `cluster_by` out"):
        replace(prices, cluster_by=("sku",))


def test_a_copied_file_is_not_replaced(lake: Lake) -> None:
    with pytest.raises(OptionError, match="medallion rebuild bronze/prices"):
        reprocess(prices, lake, Wanted(files=("1.csv",)), owner="a test")
