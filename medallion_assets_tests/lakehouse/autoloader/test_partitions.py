from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql.types import DataType, DateType, LongType, StringType, StructField, StructType

from medallion_assets.lakehouse.autoloader.partitions import partition_values, with_partitions

LANDING = Path("/lake/day=2020-01-01/landing")


def paths(*names: str) -> list[str]:
    return [str(LANDING / name) for name in names]


def test_values_come_from_the_directories_below_the_landing_directory() -> None:
    found = partition_values(
        LANDING,
        paths("f", "year=2026/day=1/f", "year=2025/x/day=2/f", "k=a%2Fb=c/f", "plain/f", "year=9"),
        None,
    )
    assert found == {"year": {"2026", "2025"}, "day": {"1", "2"}, "k": {"a/b=c"}}


def test_only_wanted_columns_are_taken_and_those_always() -> None:
    files = paths("year=2026/day=1/f")
    assert partition_values(LANDING, files, ("day", "hour")) == {"day": {"1"}, "hour": set()}
    assert partition_values(LANDING, files, ()) == {}


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({"2026-01-01", "2026-12-31"}, DateType()),
        ({"1", "-20", "0"}, LongType()),
        ({"1", "__HIVE_DEFAULT_PARTITION__"}, LongType()),
        ({"007"}, StringType()),
        ({"12345678901234567890"}, StringType()),
        ({"2026-01-01", "1"}, StringType()),
        ({"x"}, StringType()),
        ({"__HIVE_DEFAULT_PARTITION__"}, StringType()),
        (set(), StringType()),
    ],
)
def test_the_type_is_one_that_holds_every_value_as_it_is(values: set[str], kind: DataType) -> None:
    own = StructType([StructField("id", LongType())])
    inferred = with_partitions(own, {"k": values}, infer=True)
    assert inferred == StructType([*own.fields, StructField("k", kind)])
    text = with_partitions(own, {"k": values}, infer=False)
    assert text == StructType([*own.fields, StructField("k", StringType())])


def test_a_column_of_the_file_itself_wins_whatever_its_case() -> None:
    own = StructType([StructField("Day", LongType())])
    assert with_partitions(own, {"day": {"2026-01-01"}}, infer=True) == own
