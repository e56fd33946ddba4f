from __future__ import annotations

import re

import pytest

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, Selection, look_through
from medallion_assets.lakehouse.autoloader.listing import files_in
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory, ObjectListing
from medallion_assets.lakehouse.errors import TerminalError, TransientError
from medallion_assets_tests.lakehouse.autoloader.object_store.bucket import Bucket, client


def keys(bucket: Bucket, listing: ObjectListing, selection: Selection | None = None) -> list[str]:
    chosen = Selection() if selection is None else selection
    looked = look_through(listing, KnownFiles(), chosen)
    return [file.path.removeprefix(bucket.uri("")) for one in looked for file in one.new]


def test_every_object_below_the_place_is_listed_once_with_size_and_time(bucket: Bucket) -> None:
    bucket.put("in/a.json", "in/day=1/b c%20.json", "in/\u00fc[1].json", content=b"12345")
    bucket.put("in.json", "inner/c.json", "other")
    files = {file.path: file for file in files_in(bucket.at("in"))}
    assert set(files) == {
        bucket.uri(key) for key in ("in/a.json", "in/day=1/b c%20.json", "in/\u00fc[1].json")
    }
    assert {file.size for file in files.values()} == {5}
    assert all(file.modified_ns > 1_700_000_000 * 10**9 for file in files.values())


def test_names_that_are_no_data_and_marks_of_directories_are_left_out(bucket: Bucket) -> None:
    bucket.put("in/a", "in/_b", "in/.c/d", "in/_e/f/g", "in/h.tmp", "in/i/_j/k")
    bucket.put("in/empty", content=b"")
    s3 = client(bucket.endpoint)
    s3.put_object(Bucket=bucket.name, Key="in/l/", Body=b"")
    listing = ObjectListing(bucket.at("in"), Selection())
    assert keys(bucket, listing) == ["in/a", "in/empty"]


def test_pages_are_asked_for_as_they_are_needed_and_start_after_a_key(bucket: Bucket) -> None:
    bucket.put(*(f"in/{number:04}" for number in range(1_050)))
    chunks = iter(ObjectListing(bucket.at("in"), Selection(), chunk=500))
    sizes = [len(next(chunks).paths)]
    # It is on the second page, which has not been asked for yet.
    client(bucket.endpoint).delete_object(Bucket=bucket.name, Key="in/1049")
    sizes += [len(chunk.paths) for chunk in chunks]
    assert sizes == [500, 500, 49]
    after = ObjectListing(bucket.at("in"), Selection(), after=bucket.uri("in/1046"))
    assert keys(bucket, after) == ["in/1047", "in/1048"]


def test_a_whole_bucket_and_a_place_without_objects(bucket: Bucket) -> None:
    assert list(files_in(bucket.at())) == []
    assert list(files_in(bucket.at("nothing/here"))) == []
    bucket.put("a", "b/c")
    assert keys(bucket, ObjectListing(bucket.at(), Selection())) == ["a", "b/c"]


def test_a_glob_selects_by_uri(bucket: Bucket) -> None:
    bucket.put("in/eu/a.json", "in/us/b.json", "in/us/c.csv", "in/asia/d.json")
    selection = Selection(path_pattern=bucket.uri("in/{eu,us}/"), name_pattern="*.json")
    listing = ObjectListing(bucket.at("in"), selection)
    assert keys(bucket, listing, selection) == ["in/eu/a.json", "in/us/b.json"]


@pytest.mark.parametrize("key", ["in//a", "in/../a", "in/a\tb"])
def test_a_key_that_is_no_path_is_an_error_that_names_it(bucket: Bucket, key: str) -> None:
    s3 = client(bucket.endpoint)
    s3.put_object(Bucket=bucket.name, Key=key, Body=b"{}")
    with pytest.raises(TerminalError, match=re.escape(key)):
        list(files_in(bucket.at("in")))


def test_a_bucket_that_is_not_there_is_an_error_that_says_what_to_check(bucket: Bucket) -> None:
    with pytest.raises(TransientError, match=r"nowhere.*Check the bucket's name"):
        list(files_in(ObjectDirectory("s3://nowhere/in")))
