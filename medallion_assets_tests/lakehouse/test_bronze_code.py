"""The code that Spark generates for a micro-batch is the one it has compiled for the last one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.bronze import with_provenance

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def generated(frame: DataFrame) -> list[str]:
    stages = frame._jdf.queryExecution().debug().codegenToSeq()
    return [stages.apply(number)._2() for number in range(stages.size())]


def test_micro_batches_share_their_code(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text('{"id": 1}\n')

    def batch(number: int) -> DataFrame:
        return with_provenance(spark.read.schema("id BIGINT").json(str(tmp_path)), number)

    first, second = generated(batch(41)), generated(batch(42))
    assert first
    assert first == second
    # As they would not with the number in it.
    plain = [generated(batch(41).selectExpr("*", f"{number}L")) for number in (41, 42)]
    assert plain[0] != plain[1]
    row = batch(42).collect()[0]
    assert (row["id"], row["_batch"]) == (1, 42)
    assert row["_ingested_at"] is not None
