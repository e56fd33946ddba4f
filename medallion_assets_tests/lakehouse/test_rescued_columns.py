"""What a run says of the columns whose values it rescued, and that what it advises mends them."""

from __future__ import annotations

import re
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest
from pyspark.sql.types import (
    BooleanType,
    DataType,
    DateType,
    DecimalType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    TimestampType,
)

from medallion_assets.lakehouse.materialization import Materialization, RescuedColumn
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.rescued_columns import Texts, fitting
from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets.orchestration.checks.results import check_results
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake

NUMBERS, DAYS, MOMENTS, OTHERS = (
    Texts(True, 3, 2, False, False), Texts(False, 4, 0, True, True),
    Texts(False, 4, 0, False, True), Texts(False, 0, 0, False, False),
)  # fmt: skip


@pytest.mark.parametrize(
    ("stored", "texts", "fits"),
    [
        (LongType(), NUMBERS, "double"),
        (IntegerType(), Texts(True, 12, 0, False, False), "bigint"),
        (IntegerType(), Texts(True, 3, 14, False, False), "decimal(24,14)"),
        (LongType(), Texts(True, 42, 0, False, False), "string"),
        (DecimalType(10, 2), Texts(True, 1, 4, False, False), "decimal(12,4)"),
        (DecimalType(38, 2), Texts(True, 1, 4, False, False), "string"),
        (DoubleType(), Texts(True, 16, 0, False, False), "string"),
        (LongType(), OTHERS, "string"),
        (BooleanType(), NUMBERS, "string"),
        (DateType(), MOMENTS, "timestamp"),
        (DateType(), NUMBERS, "string"),
        (TimestampType(), OTHERS, "string"),
        (StringType(), OTHERS, ""),
        (None, NUMBERS, "double"),
        (None, DAYS, "date"),
        (None, MOMENTS, "timestamp"),
        (None, OTHERS, "string"),
    ],
)
def test_a_type_holds_what_is_stored_and_what_came(
    stored: DataType | None, texts: Texts, fits: str
) -> None:
    assert fitting(stored, texts) == fits


def test_two_steps_of_a_run_say_it_once() -> None:
    one = Materialization("bronze.t", rescued=(RescuedColumn("a", 1, "int", "double", "1.5"),))
    two = Materialization(
        "bronze.t",
        rescued=(
            RescuedColumn("a", 2, "int", "string", "x"),
            RescuedColumn("b", 9, "int", "double", "2.5"),
        ),
    )
    assert (one + two).rescued == (
        RescuedColumn("b", 9, "int", "double", "2.5"),
        RescuedColumn("a", 3, "int", "string", "1.5"),
    )


def test_the_check_names_column_type_share_example_and_the_line_that_mends_it(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", schemaHints="id int, `price` bigint")
    land(bronze.landing / "a.json", '{"id":1,"price":1,"day":"2024-01-01","odd-name":1}\n')
    assert bronze.run().rescued == ()
    lines = [
        '{"id":2,"price":2.5,"day":"2024-01-02","odd-name":"x","o":{"p":1}}',
        '{"id":3,"price":3.25,"day":"2024-01-02","odd-name":2}',
        '{"id":4,"price":4,"day":"2024-01-02","odd-name":3}',
    ]
    land(bronze.landing / "b.json", "\n".join(lines))
    done = bronze.run()
    assert done.rescued == (
        RescuedColumn("price", 2, "bigint", "double", "2.5"),
        RescuedColumn("odd-name", 1, "bigint", "string", "x"),
    )
    (check,) = (r for r in check_results(bronze.table, done) if r.check_name == "rescued_rows")
    assert not check.passed
    assert check.metadata["rows"].value == 2
    table = str(check.metadata["columns"].value)
    assert "| price | bigint | 2 | 66.67% | 2.5 | double |" in table
    fix = str(check.metadata["fix"].value)
    hints = "id int, price double, `odd-name` string"
    assert f'"cloudFiles.schemaHints": "{hints}"' in fix
    assert fix.endswith("medallion rebuild bronze.landed")

    # Done as it says.
    options = {**bronze.table.source.options, "cloudFiles.schemaHints": hints}
    source = replace(bronze.table.source, options=MappingProxyType(options))
    mended = replace(bronze, table=replace(bronze.table, source=source))
    rebuild(Lakehouse.from_tables([mended.table]), mended.table, lake, lambda: spark)
    assert mended.rescued() == {}
    assert {key: row["price"] for key, row in mended.data().items()} == {
        1: 1.0, 2: 2.5, 3: 3.25, 4: 4.0,
    }  # fmt: skip


def test_a_declared_column_is_to_be_declared_anew_and_no_ones_values_are_shown(
    spark: SparkSession, lake: Lake
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", schema="id int, price int")
    table = replace(bronze.table, tags={"pii": "true"})
    bronze = replace(bronze, table=table)
    land(bronze.landing / "a.json", '{"id":1,"price":1.5,"more":"x"}\n')
    done = bronze.run()
    assert {column.example for column in done.rescued} == {""}
    (check,) = (r for r in check_results(table, done) if r.check_name == "rescued_rows")
    said = str(check.metadata["fix"].value)
    assert re.search(r"the schema of landed: .*price double", said)
    assert "1.5" not in str(check.metadata)
