"""What a delete leaves on disk and in the log, in a table with deletion vectors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.erasure import old_files
from medallion_assets.lakehouse.errors import TransientError
from medallion_assets.lakehouse.sql_text import quoted
from medallion_assets_tests.lakehouse.erasure.people import holding

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_rows_behind_a_deletion_vector_go_with_every_file_and_value(
    spark: SparkSession, tmp_path: Path
) -> None:
    table = tmp_path / "it's a table"
    name = f"delta.{quoted(str(table))}"
    spark.sql(
        f"CREATE TABLE {name} (id BIGINT, who STRING) USING delta TBLPROPERTIES ("
        "delta.enableDeletionVectors = true, delta.enableChangeDataFeed = true, "
        "delta.checkpointInterval = 7)"
    )
    spark.sql(f"INSERT INTO {name} SELECT id, if(id = 3, 'zz-marker', 'a') FROM range(0, 9, 1, 1)")
    spark.sql(f"DELETE FROM {name} WHERE who = 'zz-marker'")
    (table / "_delta_log" / ".00000000000000000002.json.1.tmp").write_text("zz-marker")
    (data,) = DeltaLog(table).files()
    assert data.relative_to(table) in holding(table, "zz-marker")
    assert old_files.old_files(table) == set(table.glob("_change_data/*.parquet"))

    old_files.purge(spark, table)
    begun = old_files.begin_log(spark, table)
    old_files.end_log(spark, table, begun)
    assert old_files.vacuum(spark, table) >= 1
    old_files.truncate_log(table, begun.version)
    assert holding(table, "zz-marker") == set()
    assert old_files.old_files(table) == set()
    assert spark.sql(f"SELECT * FROM {name}").count() == 8
    assert DeltaLog(table).properties()["delta.checkpointInterval"] == "7"
    with pytest.raises(TransientError, match=r"version 99 was not written"):
        old_files.truncate_log(table, 99)
