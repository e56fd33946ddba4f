"""What only Parquet and Avro can have."""

from __future__ import annotations

import datetime
import io
import random
from decimal import Decimal
from typing import TYPE_CHECKING

import fastavro
import pyarrow as pa
from pyarrow import parquet

from medallion_assets_tests.lakehouse.autoloader.formats import AVRO, PARQUET
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.autoloader.landed_bronze import LandedBronze, files_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.lake import Lake

UTC = datetime.timezone.utc
AT = datetime.datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)


def parquet_bytes(table: pa.Table) -> bytes:
    target = io.BytesIO()
    parquet.write_table(table, target)
    return target.getvalue()


def test_broken_files_fail_alone_with_a_reason(spark: SparkSession, lake: Lake) -> None:
    for name, written in (("p", PARQUET), ("a", AVRO)):
        bronze = LandedBronze.over(lake, spark, written.name, name=name)
        written.write(bronze.landing / "good", [{"id": 1}, {"id": 2}])
        dice = random.Random(1)
        whole = bytearray(written.encode([{"id": number} for number in range(20_000)]))
        # Page and block headers, and the mark at the end of an Avro block.
        damaged = bytes(whole[:300]) + dice.randbytes(20_000) + bytes(whole[20_300:])
        land(bronze.landing / "damaged [1]", damaged)
        land(bronze.landing / "cut", bytes(whole[: len(whole) // 2]))
        land(bronze.landing / "text", "this is text")
        land(bronze.landing / "empty", "")
        done = bronze.run()
        assert set(bronze.data()) == {1, 2}
        failed = {file.path: file.reason for file in files_of(done).failed}
        names = ("damaged [1]", "cut", "text", "empty")
        assert set(failed) == {str(bronze.landing / wrong) for wrong in names}
        assert all(len(reason) > 5 for reason in failed.values())
        assert (files_of(done).taken_count, done.rows.written) == (1, 2)


def test_a_schema_spark_can_not_read_fails_its_file_alone(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "parquet", name="p")
    nanoseconds = pa.table({"id": [2], "at": pa.array([1], pa.timestamp("ns"))})
    land(bronze.landing / "nanoseconds", parquet_bytes(nanoseconds))
    PARQUET.write(bronze.landing / "good", [{"id": 1}])
    done = bronze.run()
    assert set(bronze.data()) == {1}
    (failed,) = files_of(done).failed
    assert "NANOS" in failed.reason

    bronze = LandedBronze.over(lake, spark, "avro", name="a")
    node = {
        "type": "record", "name": "node",
        "fields": [{"name": "id", "type": "long"}, {"name": "next", "type": ["null", "node"]}],
    }  # fmt: skip
    target = io.BytesIO()
    fastavro.writer(target, node, [{"id": 2, "next": {"id": 3, "next": None}}])
    land(bronze.landing / "recursive", target.getvalue())
    AVRO.write(bronze.landing / "good", [{"id": 1}])
    done = bronze.run()
    assert set(bronze.data()) == {1}
    (failed,) = files_of(done).failed
    assert "recursive" in failed.reason


def test_stored_types_stay_and_nothing_is_rounded_silently(spark: SparkSession, lake: Lake) -> None:
    bronze = LandedBronze.over(lake, spark, "parquet")
    first = {
        "id": 1, "n": 1, "m": Decimal("1000.50"), "d": datetime.date(2026, 1, 1), "at": AT,
        "o": {"at": AT, "x": 1}, "t": "text",
    }  # fmt: skip
    PARQUET.write(bronze.landing / "a", [first])
    bronze.run()
    types = bronze.types()
    naive = AT.replace(tzinfo=None)
    midnight = AT.replace(hour=0, minute=0, microsecond=0)
    o = {"at": AT, "x": "5", "y": 1}
    later = {
        # Each file has its own types; the stored ones stay.
        "whole": {"id": 2, "n": 5.0, "m": Decimal("2.250"), "d": midnight, "t": 7},
        "losing": {"id": 3, "n": 5.5, "m": Decimal("2.255"), "d": AT, "t": AT.date()},
        "text": {"id": 4, "n": "12", "m": "12.25", "d": "2026-02-03", "o": o},
        "wrong": {"id": 5, "n": "twelve", "m": "x", "o": [1, 2], "at": "never"},
        "naive": {"id": 6, "at": naive, "later": naive, "o": {"at": AT, "x": 2.5}},
    }  # fmt: skip
    for name, row in later.items():
        PARQUET.write(bronze.landing / name, [row])
    bronze.run()
    assert {name: kind for name, kind in bronze.types().items() if name in types} == {
        **types, "o": bronze.types()["o"],
    }  # fmt: skip
    rows = bronze.data()
    day = datetime.date
    assert (rows[2]["n"], rows[2]["m"], rows[2]["d"], rows[2]["t"]) == (
        5, Decimal("2.25"), day(2026, 1, 1), "7",
    )  # fmt: skip
    assert (rows[3]["n"], rows[3]["m"], rows[3]["d"], rows[3]["t"]) == (
        None, None, None, "2026-01-01",
    )  # fmt: skip
    assert (rows[4]["n"], rows[4]["m"], rows[4]["d"]) == (12, Decimal("12.25"), day(2026, 2, 3))
    # To the microsecond, also within a struct that had to be converted.
    assert rows[4]["o"] == {"at": AT, "x": 5, "y": 1}
    assert (rows[5]["n"], rows[5]["m"], rows[5]["o"], rows[5]["at"]) == (None, None, None, None)
    assert (rows[6]["at"], rows[6]["later"]) == (AT, AT)
    assert rows[6]["o"] == {"at": AT, "x": None, "y": None}
    rescued = bronze.rescued()
    assert {key: set(values) for key, values in rescued.items()} == {
        3: {"n", "m", "d"}, 5: {"n", "m", "o", "at"}, 6: {"o"},
    }  # fmt: skip
    assert (rescued[3]["n"], rescued[3]["m"]) == (5.5, 2.255)
    assert (rescued[5]["n"], rescued[5]["m"], rescued[5]["o"]) == ("twelve", "x", [1, 2])
    assert rescued[6]["o"]["x"] == 2.5
