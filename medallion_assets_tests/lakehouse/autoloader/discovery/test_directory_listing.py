from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.discovery import (
    DirectoryListing,
    KnownFiles,
    Selection,
    look_through,
)
from medallion_assets.lakehouse.autoloader.listing import files_in
from medallion_assets_tests.lakehouse.autoloader.landed import land, seen, too_deep


def listed(directory: Path) -> tuple[list[str], dict[str, str]]:
    """The files relative to a directory, and what can't be taken with its reason."""
    listing = DirectoryListing(directory, Selection())
    files: list[str] = []
    unreadable: dict[str, str] = {}
    for looked in look_through(listing, KnownFiles(), Selection()):
        files += [os.path.relpath(file.path, directory) for file in looked.new]
        unreadable |= {file.path: file.reason for file in looked.unreadable}
    unreadable |= {file.path: file.reason for file in listing.unreadable}
    return files, {os.path.relpath(path, directory): why for path, why in unreadable.items()}


def test_every_file_below_the_directory_is_listed_once(tmp_path: Path) -> None:
    wanted = {
        land(tmp_path / name)
        for name in ("a.json", "b/c/d/e.json", "b/f.json", "day=2026-01-01/g", "z z/\u00fc[1].json")
    }
    for name in ("_x/a.json", ".y/a.json", "b/.c.json", "b/d.tmp", "in.part/a.json"):
        land(tmp_path / name)
    (tmp_path / "empty").mkdir()
    found = list(files_in(tmp_path))
    assert sorted(file.path for file in found) == sorted(map(str, wanted))
    assert set(found) == {seen(path) for path in wanted}


def test_a_directory_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert list(files_in(tmp_path / "nowhere")) == []


def test_links_to_files_are_files(tmp_path: Path) -> None:
    target = land(tmp_path / "elsewhere" / "a.json")
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "link.json").symlink_to(target)
    assert listed(tmp_path / "landing") == (["link.json"], {})


def test_what_is_no_file_is_named_with_its_reason_and_stops_nothing(tmp_path: Path) -> None:
    for name in ("a.json", "z/z.json"):
        land(tmp_path / name)
    (tmp_path / "dangling.json").symlink_to(tmp_path / "gone.json")
    (tmp_path / "round.json").symlink_to(tmp_path / "round.json")
    (tmp_path / "beyond.json").symlink_to(tmp_path / ("x" * 300))
    os.mkfifo(tmp_path / "pipe.json")
    # Names that are no data are not looked at either.
    (tmp_path / "_dangling").symlink_to(tmp_path / "gone")
    files, unreadable = listed(tmp_path)
    assert files == ["a.json", "z/z.json"]
    assert unreadable == {
        "dangling.json": "a link to something that is not there",
        "round.json": "it can't be looked at: Too many levels of symbolic links",
        "beyond.json": "it can't be looked at: File name too long",
        "pipe.json": "neither a file nor a directory",
    }


def test_a_directory_without_a_path_is_named_and_stops_nothing(tmp_path: Path) -> None:
    for name in ("a.json", "z/z.json"):
        land(tmp_path / name)
    directory = os.path.relpath(too_deep(tmp_path), tmp_path)
    files, unreadable = listed(tmp_path)
    assert files == ["a.json", "z/z.json"]
    assert unreadable == {directory: "the directory can't be listed: File name too long"}


def test_a_landing_directory_that_is_a_file_is_named(tmp_path: Path) -> None:
    path = land(tmp_path / "landing")
    assert listed(path) == ([], {".": "the directory can't be listed: Not a directory"})


_AS_NOBODY = """
import json, os, sys
from pathlib import Path
from medallion_assets_tests.lakehouse.autoloader.discovery.test_directory_listing import listed
if os.geteuid() == 0:
    os.setuid(65534)
print(json.dumps(listed(Path(sys.argv[1]))))
"""


def test_what_may_not_be_read_is_named_and_stops_nothing() -> None:
    """In a process of its own without privileges: for root every file is readable."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        root.chmod(0o755)
        for file in ("a.json", "closed/b.json", "locked.json", "open/c.json", "unlisted/d.json"):
            land(root / file)
        (root / "locked.json").chmod(0o200)
        (root / "closed").chmod(0)
        (root / "unlisted").chmod(0o444)
        try:
            done = subprocess.run(
                [sys.executable, "-c", _AS_NOBODY, name], capture_output=True, text=True, check=True
            )
        finally:
            for directory in ("closed", "unlisted"):
                (root / directory).chmod(0o755)
    files, unreadable = json.loads(done.stdout)
    assert files == ["a.json", "open/c.json"]
    assert unreadable == {
        "closed": "the directory can't be listed: Permission denied",
        "locked.json": "it may not be read: Permission denied",
        "unlisted/d.json": "it can't be looked at: Permission denied",
    }


def test_a_link_back_up_is_not_followed_for_ever(tmp_path: Path) -> None:
    land(tmp_path / "a" / "one.json")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert [file.path for file in files_in(tmp_path)] == [str(tmp_path / "a" / "one.json")]


def test_links_between_two_directories_are_each_followed_once(tmp_path: Path) -> None:
    land(tmp_path / "a" / "one.json")
    land(tmp_path / "b" / "two.json")
    (tmp_path / "a" / "to_b").symlink_to(tmp_path / "b", target_is_directory=True)
    (tmp_path / "b" / "to_a").symlink_to(tmp_path / "a", target_is_directory=True)
    files, unreadable = listed(tmp_path)
    assert files == ["a/one.json", "a/to_b/two.json", "b/two.json", "b/to_a/one.json"]
    assert unreadable == {}


def test_a_directory_of_many_files_comes_in_chunks(tmp_path: Path) -> None:
    names = {str(land(tmp_path / str(number % 3) / f"{number:02}")) for number in range(25)}
    chunks = [chunk.paths for chunk in DirectoryListing(tmp_path, Selection(), chunk=10)]
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    assert {path for chunk in chunks for path in chunk} == names


def test_a_file_that_vanishes_while_listing_is_left_out(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c/d.json", "e/f.json"):
        land(tmp_path / name)
    listing = DirectoryListing(tmp_path, Selection(), chunk=2)
    chunks = iter(listing)
    first = next(chunks)
    # The listing has begun: files and whole directories disappear under it.
    (tmp_path / "b.json").unlink()
    (tmp_path / "c" / "d.json").unlink()
    (tmp_path / "c").rmdir()
    rest = [file for chunk in chunks for file in chunk.files([0])]
    assert {Path(path).name for path in first.paths} == {"a.json", "b.json"}
    assert list(first.files([0, 1])) == [seen(tmp_path / "a.json")]
    assert rest == [seen(tmp_path / "e" / "f.json")]
    assert listing.unreadable == []


@given(
    st.lists(
        st.lists(st.sampled_from(["a", "b", "a-b", "a b", "a0", "z"]), min_size=1, max_size=3),
        max_size=12,
    ),
    st.data(),
)
def test_resuming_at_a_directory_lists_just_the_rest(
    tmp_path_factory: pytest.TempPathFactory, places: list[list[str]], data: st.DataObject
) -> None:
    root = tmp_path_factory.mktemp("listing")
    for place in places:
        land(root.joinpath(*place) / "file")
    land(root / "file")
    whole = [path for chunk in DirectoryListing(root, Selection()) for path in chunk.paths]
    stopped_before = data.draw(st.integers(0, len(whole) - 1))
    position = os.path.dirname(whole[stopped_before])
    first = next(i for i, path in enumerate(whole) if os.path.dirname(path) == position)
    rest = DirectoryListing(root, Selection(), resume_after=position)
    assert [path for chunk in rest for path in chunk.paths] == whole[first:]
