"""Discovery in a bucket feeds the same ledger; without Spark."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.reader import LandingPath
from medallion_assets.lakehouse.autoloader.stream import Discovered, FileStream, Progress
from medallion_assets.lakehouse.autoloader.watch import Watch
from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import Bucket


def stream_over(bucket: Bucket, tmp_path: Path, **options: str) -> FileStream:
    given = {f"cloudFiles.{name}": value for name, value in {"format": "json", **options}.items()}
    stream = FileStream(
        bucket.at("in"), CloudFilesOptions.parse(given, has_schema=False), tmp_path / "checkpoint"
    )
    stream.ledger.create()
    return stream


def batches(stream: FileStream) -> list[list[str]]:
    last = stream.ledger.last_batch()
    return [
        sorted(file.path.rpartition("/")[2] for file in stream.ledger.batch(number))
        for number in range(0 if last is None else last + 1)
    ]


@pytest.mark.parametrize("scheme", ["s3", "s3a"])
@pytest.mark.parametrize(
    ("path", "directory", "pattern"),
    [
        ("bucket/in/", "bucket/in", None),
        ("bucket", "bucket", None),
        ("bucket/in/{eu,us}*/x/", "bucket/in", "bucket/in/{eu,us}*/x/"),
        ("bucket/2026*", "bucket", "bucket/2026*"),
    ],
)
def test_the_place_in_a_bucket_is_what_stands_before_the_glob(
    scheme: str, path: str, directory: str, pattern: str | None
) -> None:
    landing = LandingPath.of(f"{scheme}://{path}")
    assert str(landing.directory) == f"{scheme}://{directory}"
    assert landing.pattern == (None if pattern is None else f"{scheme}://{pattern}")


def test_objects_are_discovered_once_and_kept_by_their_uri(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/a", "in/day=1/b")
    # A time to settle is for files that grow; an object is whole once it is there.
    stream = stream_over(bucket, tmp_path, settleSeconds="60")
    assert stream.discover() == Discovered(1)
    assert {file.path for file in stream.ledger.batch(0)} == {
        bucket.uri("in/a"),
        bucket.uri("in/day=1/b"),
    }
    assert stream.discover() == Discovered(0)
    bucket.put("in/c")
    assert stream.discover() == Discovered(1)
    assert batches(stream) == [["a", "b"], ["c"]]


def test_an_incremental_listing_starts_after_the_last_key_and_a_full_one_finds_the_rest(
    bucket: Bucket, tmp_path: Path
) -> None:
    stream = stream_over(bucket, tmp_path, useIncrementalListing="true")
    bucket.put("in/2026-11-01", "in/2026-11-02")
    assert stream.discover() == Discovered(1)
    bucket.put("in/2026-10-31", "in/2026-11-03")
    assert stream.discover() == Discovered(1)
    assert batches(stream)[1:] == [["2026-11-03"]]
    # The late one is found by the full listing that follows seven incremental ones.
    assert [stream.discover().batches for _ in range(8)] == [0, 0, 0, 0, 0, 0, 1, 0]
    assert batches(stream)[2:] == [["2026-10-31"]]


def test_without_being_asked_every_listing_is_full(bucket: Bucket, tmp_path: Path) -> None:
    stream = stream_over(bucket, tmp_path)
    bucket.put("in/b")
    stream.discover()
    bucket.put("in/a")
    assert stream.discover() == Discovered(1)


def test_versions_of_objects_are_found_whatever_the_listing(bucket: Bucket, tmp_path: Path) -> None:
    stream = stream_over(bucket, tmp_path, allowOverwrites="true", useIncrementalListing="true")
    bucket.put("in/a", "in/b")
    stream.discover()
    bucket.put("in/a", content=b"another")
    assert stream.discover() == Discovered(1)
    assert batches(stream)[1:] == [["a"]]


def test_a_bucket_tells_nothing_so_it_is_listed(bucket: Bucket, tmp_path: Path) -> None:
    stream = stream_over(bucket, tmp_path, useNotifications="true")
    said: list[str] = []
    watch = Watch(stream, Progress(), said.append)
    bucket.put("in/a")
    watch.look()
    assert batches(stream) == [["a"]]
    assert len(said) == 1
    assert "no queue of a store" in said[0]
