from __future__ import annotations

import bz2
import gzip
import io
import json
from collections.abc import Callable

import fastavro
import pyarrow as pa
import pytest
from pyarrow import parquet

from medallion_assets.lakehouse.autoloader.decode import compression
from medallion_assets.lakehouse.autoloader.storage import is_there, open_file, size_of
from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import Bucket


def test_an_object_is_read_like_a_file(bucket: Bucket) -> None:
    content = bytes(range(256)) * 2048
    bucket.put("a", content=content)
    assert size_of(bucket.uri("a")) == len(content)
    with open_file(bucket.uri("a")) as file:
        assert file.read() == content
        assert file.read(1) == b""
        assert file.seek(-3, io.SEEK_END) == len(content) - 3
        assert file.read(9) == content[-3:]
        file.seek(300_000)
        assert file.read(5) == content[300_000:300_005]
        file.seek(-5, io.SEEK_CUR)
        assert file.tell() == 300_000


def test_an_object_that_is_not_there(bucket: Bucket) -> None:
    bucket.put("a")
    assert is_there(bucket.uri("a"))
    assert not is_there(bucket.uri("b"))
    with pytest.raises(FileNotFoundError):
        open_file(bucket.uri("b"))


def test_a_store_that_does_not_answer_is_an_error_of_the_operating_system(bucket: Bucket) -> None:
    with pytest.raises(OSError, match=r"nowhere|404"):
        open_file("s3://nowhere-at-all/a")


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [
        ("", bytes),
        (".gz", gzip.compress),
        (".bz2", bz2.compress),
        (".zst", lambda text: pa.compress(text, "zstd", asbytes=True)),
    ],
)
def test_packed_objects_are_unpacked(
    bucket: Bucket, suffix: str, pack: Callable[[bytes], bytes]
) -> None:
    bucket.put(f"a{suffix}", content=pack(b"one\ntwo\n"))
    with compression.open_text(bucket.uri(f"a{suffix}"), "utf-8") as text:
        assert text.read() == "one\ntwo\n"


def test_the_schemas_of_self_describing_objects_are_read(bucket: Bucket) -> None:
    file = io.BytesIO()
    parquet.write_table(pa.table({"id": [1]}), file)
    bucket.put("a.parquet", content=file.getvalue())
    with open_file(bucket.uri("a.parquet")) as opened:
        assert parquet.read_schema(opened).names == ["id"]
    file = io.BytesIO()
    schema = {"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}]}
    fastavro.writer(file, schema, [{"id": 1}])
    bucket.put("a.avro", content=file.getvalue())
    with open_file(bucket.uri("a.avro")) as opened:
        assert "id" in json.dumps(fastavro.reader(opened).writer_schema)
