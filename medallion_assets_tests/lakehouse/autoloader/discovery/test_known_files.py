from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.discovery import KnownFiles, LandedFile
from medallion_assets_tests.lakehouse.autoloader.landed import landed

PATHS = st.sampled_from(["/a", "/b", "/a b", "/\u00fc", "/d/a", "/d/b[1]", "/e\n"])
FILES = st.lists(st.builds(LandedFile, PATHS, st.integers(0, 2), st.sampled_from([0, 5000, 6000])))


def known(
    files: list[LandedFile],
    broken: Mapping[str, set[tuple[int, int]]] | None = None,
    *,
    by_version: bool = False,
) -> KnownFiles:
    rows = pa.table(
        {
            "path": pa.array([file.path for file in files], pa.string()),
            "size": pa.array([file.size for file in files], pa.int64()),
            "modification_time": pa.array(
                [file.modified_ns // 1000 for file in files], pa.timestamp("us", tz="UTC")
            ),
        }
    )
    return KnownFiles.of(rows, broken or {}, by_version=by_version)


@given(FILES, st.lists(PATHS, max_size=8), st.sets(PATHS, max_size=2))
def test_a_chunk_is_compared_as_a_set_would(
    ledger: list[LandedFile], chunk: list[str], failed: set[str]
) -> None:
    paths = {file.path for file in ledger}
    found = known(ledger, {path: set() for path in failed}).to_look_at(chunk)
    assert found == [
        position for position, path in enumerate(chunk) if path not in paths or path in failed
    ]


@given(FILES, FILES)
def test_versions_are_compared_as_a_set_would(
    ledger: list[LandedFile], files: list[LandedFile]
) -> None:
    versions = known(ledger, by_version=True)
    assert versions.to_look_at([file.path for file in files]) == list(range(len(files)))
    assert versions.new(files) == [file for file in files if file not in set(ledger)]


def test_nothing_known_wants_everything() -> None:
    assert KnownFiles().to_look_at(["/a", "/b"]) == [0, 1]
    assert KnownFiles().new([landed("/a")]) == [landed("/a")]
    assert not KnownFiles(by_version=True).holds(landed("/a"))


def test_the_time_counts_to_the_microsecond_as_the_ledger_keeps_it() -> None:
    seen = LandedFile("/a", 3, 1_700_000_000_123_456_789)
    versions = known([LandedFile("/a", 3, 1_700_000_000_123_456_000)], by_version=True)
    assert versions.holds(seen)
    assert not versions.holds(LandedFile("/a", 3, seen.modified_ns + 1000))
    assert not versions.holds(LandedFile("/a", 4, seen.modified_ns))


@pytest.mark.parametrize("by_version", [False, True])
def test_a_broken_file_is_taken_once_it_is_another(by_version: bool) -> None:
    bad, gone = LandedFile("/bad", 3, 5000), LandedFile("/gone", 3, 5000)
    broken = {"/bad": {(3, 5000)}, "/gone": set[tuple[int, int]]()}
    files = known([bad, gone], broken, by_version=by_version)
    assert files.holds(bad)
    assert not files.holds(LandedFile("/bad", 3, 6000))
    assert not files.holds(LandedFile("/bad", 4, 5000))
    # It failed because it was not there: now it is.
    assert not files.holds(gone)


def test_a_name_that_is_not_utf8_is_known_by_its_escaped_bytes() -> None:
    assert known([landed("/a\\udcff")]).to_look_at(["/a\udcff", "/b\udcff"]) == [1]
