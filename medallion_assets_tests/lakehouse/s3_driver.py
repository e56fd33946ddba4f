"""Run by `test_s3.py` in a process of its own: streams from a bucket, and tells what they did."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets import copy_into, read_stream
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.session import s3_settings, start_session
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import KEYS, client

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def main(endpoint: str, bucket: str, root: Path) -> None:
    """Stream from `in/` twice, with an object more each time, and once more with none."""
    spark = start_session(
        **s3_settings(),
        **{
            "spark.hadoop.fs.s3a.endpoint": endpoint,
            "spark.hadoop.fs.s3a.endpoint.region": KEYS["AWS_REGION"],
            "spark.hadoop.fs.s3a.path.style.access": "true",
            "spark.hadoop.fs.s3a.access.key": KEYS["AWS_ACCESS_KEY_ID"],
            "spark.hadoop.fs.s3a.secret.key": KEYS["AWS_SECRET_ACCESS_KEY"],
        },
    )
    s3 = client(endpoint)
    told: dict[str, Any] = {"json": []}
    for number in (7, 8, None):
        if number is not None:
            body = f'{{"id":{number},"extra":"x"}}\n'.encode()
            s3.put_object(Bucket=bucket, Key=f"in/day=2/{number} c%20.json", Body=body)
        told["json"].append(run(spark, "json", f"s3://{bucket}/in", root))
    told["parquet"] = run(spark, "parquet", f"s3a://{bucket}/parquet/", root)
    told["copied"] = [copy(spark, f"s3://{bucket}/in", root) for _ in range(2)]
    s3.put_object(Bucket=bucket, Key="in/day=3/9.json", Body=b'{"id":9}\n')
    s3.put_object(Bucket=bucket, Key="in/day=3/10.json", Body=b'{"id":10}\n')
    told["copied"].append(copy(spark, f"s3://{bucket}/in", root, "FILES = ('day=3/10.json')"))
    told["copied"].append(copy(spark, f"s3://{bucket}/in/day=3", root))
    ledger = FileLedger(ledger_directory(root / "parquet checkpoint"))
    told["failures"] = ledger.failures()
    print(json.dumps(told))


def run(spark: SparkSession, kind: str, path: str, root: Path) -> list[dict[str, Any]]:
    """Take what is new; all rows then."""
    reader: Any = read_stream(spark).format("cloudFiles").option("cloudFiles.format", kind)
    query = (
        reader.option("cloudFiles.inferColumnTypes", "true")
        .load(path)
        .select("*", "_metadata.file_path")
        .writeStream.option("checkpointLocation", str(root / f"{kind} checkpoint"))
        .option("mergeSchema", "true")
        .trigger(availableNow=True)
        .start(str(root / kind))
    )
    query.awaitTermination()
    rows = spark.read.format("delta").load(str(root / kind)).collect()
    return [row.asDict() for row in rows]


def copy(spark: SparkSession, source: str, root: Path, clause: str = "") -> int:
    """Load what is new by a statement; how many rows were loaded."""
    name = f"delta.`{root}/copied`"
    spark.sql(f"CREATE TABLE IF NOT EXISTS {name} (id BIGINT, day INT, extra STRING) USING delta")
    statement = f"COPY INTO {name} FROM '{source}' FILEFORMAT = JSON {clause}"
    return copy_into(spark, statement).num_inserted_rows


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
