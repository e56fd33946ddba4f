"""The schema of a bronze table over time: hints, widening, restarts, going back."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.errors import FileUnreadableError, UnknownFieldError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def line(**row: Any) -> str:
    return json.dumps(row) + "\n"


def put(path: Path, schema: list[tuple[str, pa.DataType]], *rows: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.Table.from_pylist(list(rows), schema=pa.schema(schema)), path)


def kept(rows: DataFrame) -> DataFrame:
    return rows.select("id", "v")


def test_columns_widen_and_streams_over_the_table_go_on(lake: Lake, spark: SparkSession) -> None:
    bronze = LandedBronze.over(
        lake, spark, "parquet", schemaEvolutionMode="addNewColumnsWithTypeWidening"
    )
    silver = SilverTable(name="wide", source=bronze.table, transform=kept)

    def follow() -> list[Any]:
        bronze.run()
        materialize(silver, lake, lambda: spark)
        # delta-rs does not read the files of a widened table.
        found = spark.read.format("delta").load(str(lake.path(silver))).collect()
        return sorted(row["v"] for row in found if row["v"] is not None)

    put(bronze.landing / "1", [("id", pa.int64()), ("v", pa.int32())], {"id": 1, "v": 7})
    assert (follow(), bronze.types()["v"]) == ([7], "int")
    put(bronze.landing / "2", [("id", pa.int64()), ("v", pa.int64())], {"id": 2, "v": 2**40})
    assert (follow(), bronze.types()["v"]) == ([7, 2**40], "bigint")
    decimal = [("id", pa.int64()), ("v", pa.decimal128(5, 2))]
    put(bronze.landing / "3", decimal, {"id": 3, "v": Decimal("1.25")})
    assert follow() == [Decimal("1.25"), 7, 2**40]
    assert bronze.types()["v"] == "decimal(22,2)"
    # No wider type holds both: the stored one stays, the value is rescued.
    put(bronze.landing / "4", [("id", pa.int64()), ("v", pa.string())], {"id": 4, "v": "x"})
    assert follow() == [Decimal("1.25"), 7, 2**40]
    rescued = spark.read.format("delta").load(str(lake.path(bronze.table))).where("id = 4").first()
    assert rescued is not None
    assert json.loads(rescued["_rescued_data"])["v"] == "x"
    assert lake.log(silver).preview(5) == []
    assert lake.log(silver).row_count() == 4


def test_without_the_mode_a_type_stays(lake: Lake, spark: SparkSession) -> None:
    bronze = LandedBronze.over(lake, spark, "parquet")
    put(bronze.landing / "1", [("id", pa.int64()), ("v", pa.int32())], {"id": 1, "v": 7})
    bronze.run()
    put(bronze.landing / "2", [("id", pa.int64()), ("v", pa.int64())], {"id": 2, "v": 2**40})
    bronze.run()
    assert bronze.types()["v"] == "int"
    assert bronze.rescued() == {2: {"v": 2**40}}


def test_a_first_load_has_the_widest_of_its_files_types(lake: Lake, spark: SparkSession) -> None:
    bronze = LandedBronze.over(lake, spark, "parquet")
    put(bronze.landing / "1", [("id", pa.int64()), ("v", pa.int32())], {"id": 1, "v": 7})
    put(bronze.landing / "2", [("id", pa.int64()), ("v", pa.int64())], {"id": 2, "v": 2**40})
    bronze.run()
    assert {row["id"]: row["v"] for row in bronze.rows()} == {1: 7, 2: 2**40}
    assert bronze.rescued() == {}


def test_hints_reach_into_fields(lake: Lake, spark: SparkSession) -> None:
    bronze = LandedBronze.over(
        lake, spark, "json", inferColumnTypes="true",
        schemaHints="s.x string, l.element.y decimal(9,2), m.key string, m.value int, late date",
    )  # fmt: skip
    row = {"id": 1, "s": {"x": 5, "z": 6}, "l": [{"y": 1.5, "w": True}], "m": {"a": 1, "b": 2}}
    land(bronze.landing / "1", line(**row))
    bronze.run()
    assert bronze.types() == {
        "id": "bigint",
        "s": "struct<x:string,z:bigint>",
        "l": "array<struct<w:boolean,y:decimal(9,2)>>",
        "m": "map<string,int>",
        "late": "date",
    }
    found = bronze.data()[1]
    assert found["s"] == {"x": "5", "z": 6}
    assert found["l"] == [{"y": Decimal("1.50"), "w": True}]
    assert dict(found["m"]) == {"a": 1, "b": 2}


def test_a_run_can_end_for_the_next_to_go_on_with_new_columns(
    lake: Lake, spark: SparkSession
) -> None:
    bronze = LandedBronze.over(lake, spark, "json", restartOnNewColumns="true")
    land(bronze.landing / "1", line(id=1))
    bronze.run()
    land(bronze.landing / "2", line(id=2, new="n"))
    with pytest.raises(UnknownFieldError, match=r"new .*version 1 now.*Run again"):
        bronze.run()
    assert len(bronze.rows()) == 1
    bronze.run()
    assert bronze.data() == {1: {"id": 1, "new": None}, 2: {"id": 2, "new": "n"}}


def test_after_going_back_a_column_is_rescued(lake: Lake, spark: SparkSession) -> None:
    bronze = LandedBronze.over(lake, spark, "json")
    land(bronze.landing / "1", line(id=1))
    bronze.run()
    land(bronze.landing / "2", line(id=2, mistake="m"))
    bronze.run()
    SchemaLog(bronze.checkpoint).roll_back(0)
    rescuing = LandedBronze.over(lake, spark, "json", schemaEvolutionMode="rescue")
    land(bronze.landing / "3", line(id=3, mistake="m"))
    rescuing.run()
    assert rescuing.rescued() == {3: {"mistake": "m"}}
    assert {row["id"]: row["mistake"] for row in bronze.rows()} == {1: None, 2: "m", 3: None}


@pytest.mark.parametrize(
    ("option", "name", "content"),
    [("reader_ignoreCorruptFiles", "2.gz", b"no gzip"), ("reader_ignoreMissingFiles", "2", b"{}")],
)
def test_a_run_ends_where_no_file_may_be_left_out(
    lake: Lake, spark: SparkSession, option: str, name: str, content: bytes
) -> None:
    strict = LandedBronze.over(lake, spark, "json", "id BIGINT", **{option: "false"})
    land(strict.landing / "1", line(id=1))
    file = land(strict.landing / name, content)
    vanish = file.unlink if option.endswith("MissingFiles") else lambda: None
    with pytest.raises(FileUnreadableError, match=f"{file}.*is false"):
        strict.run(after_discovery=vanish)
    assert not lake.log(strict.table).exists()
    lenient = LandedBronze.over(lake, spark, "json", "id BIGINT")
    done = lenient.run()
    assert done.files is not None
    assert [failed.path for failed in done.files.failed] == [str(file)]
    assert [row["id"] for row in lenient.rows()] == [1]
