from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyspark.sql.types import (
    ArrayType,
    DecimalType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.errors import OptionError

FIRST = StructType([StructField("id", LongType())])
SECOND = StructType(
    [
        *FIRST.fields,
        StructField("o`d.d \u00fc", ArrayType(StructType([StructField("x", DecimalType(12, 2))]))),
        StructField("at", TimestampType()),
        StructField("name", StringType()),
    ]
)


def test_nothing_is_stored_at_first(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    assert (log.version(), log.schema()) == (None, None)


def test_the_newest_version_counts_and_the_older_ones_stay(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    log.store(FIRST, ["id"], ["/a"])
    log.store(SECOND, ["at"], [f"/b{number}" for number in range(50)])
    assert (log.version(), log.schema()) == (1, SECOND)
    first, second = (json.loads((tmp_path / "_schemas" / name).read_text()) for name in "01")
    assert StructType.fromJson(first["schema"]) == FIRST
    assert (first["added"], first["files"]) == (["id"], ["/a"])
    assert second["files"] == [f"/b{number}" for number in range(10)]


def test_versions_go_on_after_the_tenth(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    for number in range(12):
        log.store(StructType([StructField(f"c{number}", LongType())]), [], [])
    schema = log.schema()
    assert schema is not None
    assert (log.version(), schema.names) == (11, ["c11"])


def test_a_version_left_unfinished_by_a_kill_is_not_seen(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    log.store(FIRST, ["id"], [])
    (tmp_path / "_schemas" / ".1.tmp").write_text('{"schema"')
    assert (log.version(), log.schema()) == (0, FIRST)
    log.store(SECOND, [], [])
    assert log.schema() == SECOND


def test_versions_say_who_when_and_from_which_files(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    assert log.versions() == []
    assert log.store(FIRST, ["id"], ["/a"]) == 0
    assert log.store(SECOND, ["at"], ["/b"]) == 1
    first, second = log.versions()
    assert (first.number, first.added, first.files, first.schema) == (0, ("id",), ("/a",), FIRST)
    assert (second.number, second.schema) == (1, SECOND)
    assert first.by
    assert first.time < second.time


def test_going_back_stores_the_earlier_schema_as_the_newest(tmp_path: Path) -> None:
    log = SchemaLog(tmp_path)
    log.store(FIRST, ["id"], [])
    log.store(SECOND, ["at"], [])
    assert log.roll_back(0) == 2
    assert (log.version(), log.schema()) == (2, FIRST)
    assert [version.number for version in log.versions()] == [0, 1, 2]
    with pytest.raises(OptionError, match="no version 7; there are: 0, 1, 2"):
        log.roll_back(7)
