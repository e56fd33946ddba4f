from __future__ import annotations

import json
from pathlib import Path

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
