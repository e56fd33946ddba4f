"""From a bucket into a table: a real S3 server, Spark's own S3A, one process."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import Bucket, served


@pytest.mark.process
@pytest.mark.timeout(900)
def test_objects_are_streamed_into_a_table_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served() as endpoint, monkeypatch.context() as patched:
        bucket = Bucket.make(endpoint, patched)
        bucket.put("in/day=1/a.json", content=b'{"id":1}\n{"id":2}\n')
        bucket.put("in/day=1/b.json.gz", content=gzip.compress(b'{"id":3}\n'))
        good = io.BytesIO()
        parquet.write_table(pa.table({"id": [1, 2]}), good)
        bucket.put("parquet/good.parquet", content=good.getvalue())
        bucket.put("parquet/cut.parquet", content=good.getvalue()[:-10])
        # The driver gets keys and endpoint by Spark's settings alone.
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, "-m", "medallion_assets_tests.lakehouse.s3_driver", endpoint,
             bucket.name, str(tmp_path)],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    first, second, third = told["json"]
    assert {row["id"]: row["day"] for row in first} == {1: 1, 2: 1, 3: 1, 7: 2}
    assert {row["id"] for row in second} == {1, 2, 3, 7, 8}
    assert (len(first), len(second)) == (4, 5)
    assert sorted(map(str, third)) == sorted(map(str, second))
    assert {row["extra"] for row in third} == {None, "x"}
    assert {row["file_path"].partition("://")[0] for row in third} == {"s3"}
    assert sorted(row["id"] for row in told["parquet"]) == [1, 2]
    assert told["copied"] == [5, 0, 1, 1]
    assert list(told["failures"]) == [f"s3a://{bucket.name}/parquet/cut.parquet"]
    assert (
        "not a readable parquet file"
        in told["failures"][f"s3a://{bucket.name}/parquet/cut.parquet"]
    )
