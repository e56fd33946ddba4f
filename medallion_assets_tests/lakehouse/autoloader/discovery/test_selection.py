"""What a stream takes; the table of patterns is that of Auto Loader's patterns page."""

from __future__ import annotations

import datetime

import pytest

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, Selection
from medallion_assets.lakehouse.autoloader.discovery.selection import is_ignored
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError


@pytest.mark.parametrize(
    "name",
    ["_SUCCESS", ".hidden", "_delta_log", "a.json.tmp", "A.TEMP", "x.part", "x.partial",
     "x.crdownload", "x.filepart", "x.json._COPYING_"],
)  # fmt: skip
def test_hidden_and_unfinished_names_are_no_data(name: str) -> None:
    assert is_ignored(name)
    assert not Selection().takes_path(f"/landing/{name}")


@pytest.mark.parametrize("name", ["a", "a.json", "a_.b", "tmp", "a.tmp.json", "a b", "day=1"])
def test_any_other_name_is_data(name: str) -> None:
    assert not is_ignored(name)
    assert Selection().takes_path(f"/_landing/.x/{name}")


@pytest.mark.parametrize(
    ("pattern", "path", "by_default", "strictly"),
    [
        ("/a/*/c/", "/a/b/c/file.txt", True, True),
        ("/a/*/c/", "/a/b/c/d/file.txt", True, True),
        ("/a/*/d/", "/a/b/c/d/file.txt", True, False),
        ("/a/*/c/", "/a/b/x/y/c/file.txt", True, False),
        ("/a/*/c", "/a/b/c_file.txt", True, False),
        ("/a/*/c/", "/a/b/c_file.txt", True, False),
        ("/a/*/c", "/a/b/cookie/file.txt", True, False),
        ("/a/b*", "/a/b.txt", True, True),
        ("/a/b*", "/a/b/file.txt", True, True),
        ("/a/b*", "/a/c/b.txt", False, False),
        ("/a/{0.txt,1.txt}", "/a/0.txt", True, True),
        ("/a/*/{0.txt,1.txt}", "/a/0.txt", False, False),
        ("/a/b/[cde-h]/i/", "/a/b/c/i/file.txt", True, True),
        ("/a/b/[^cde-h]/i/", "/a/b/c/i/file.txt", False, False),
        ("/a/b/[^cde-h]/i/", "/a/b/x/i/file.txt", True, True),
        ("/a/[^b]c", "/a//c", False, False),
        ("/a/{ab,c{de,fh}}/x", "/a/cfh/x", True, True),
        ("/a/{ab,c{de,fh}}/x", "/a/c/x", False, False),
        ("/a/?.json", "/a/1.json", True, True),
        ("/a/?.json", "/a/12.json", False, False),
        (r"/a/\*.json", "/a/*.json", True, True),
        (r"/a/\*.json", "/a/b.json", False, False),
        ("/a/b.c*", "/a/bxc", False, False),
    ],
)
def test_a_pattern_in_the_path_to_load(
    pattern: str, path: str, by_default: bool, strictly: bool
) -> None:
    assert Selection(path_pattern=pattern).takes_path(path) is by_default
    assert Selection(path_pattern=pattern, strict=True).takes_path(path) is strictly


@pytest.mark.parametrize("pattern", ["/a/{b", "/a/[b", "/a/[z-a]", "/a/b["])
def test_a_pattern_that_is_none_says_so(pattern: str) -> None:
    with pytest.raises(OptionError, match="pattern"):
        Selection(path_pattern=pattern)


def test_a_pattern_for_names_looks_at_the_name_alone_and_the_whole_of_it() -> None:
    selection = Selection(name_pattern="*.{json,ndjson}")
    assert selection.takes_path("/landing/a.json")
    assert selection.takes_path("/landing/x.csv/a.ndjson")
    assert not selection.takes_path("/landing/x.json/a.csv")
    assert not selection.takes_path("/landing/a.json.gz")
    assert not selection.takes_path("/landing/_a.json")


def test_times_are_bounds_that_are_left_out_themselves() -> None:
    bound = datetime.datetime(2026, 11, 1, 13, tzinfo=datetime.timezone.utc)
    nanoseconds = int(bound.timestamp()) * 1_000_000_000
    before, at, after = (LandedFile("/a", 1, nanoseconds + add) for add in (-1, 0, 1))
    later, earlier = Selection(modified_after=bound), Selection(modified_before=bound)
    assert [later.takes_file(file) for file in (before, at, after)] == [False, False, True]
    assert [earlier.takes_file(file) for file in (before, at, after)] == [True, False, False]


def test_options_say_what_is_selected() -> None:
    options = CloudFilesOptions.parse(
        {
            "cloudFiles.format": "json",
            "cloudFiles.useStrictGlobber": "true",
            "fileNamePattern": "*.json",
            "modifiedAfter": "2026-11-01T00:00:00",
            "modifiedBefore": "2026-11-02T00:00:00+01:00",
        },
        has_schema=False,
    )
    utc = datetime.timezone.utc
    assert Selection.of(options, "/a/*") == Selection(
        path_pattern="/a/*",
        strict=True,
        name_pattern="*.json",
        modified_after=datetime.datetime(2026, 11, 1, tzinfo=utc),
        modified_before=datetime.datetime(2026, 11, 1, 23, tzinfo=utc),
    )


def test_directories_that_can_hold_nothing_are_left_out() -> None:
    selection = Selection(path_pattern="/landing/2026-1?/x")
    assert [selection.may_hold(path) for path in ("/landing", "/landing/2026-11/y")] == [True, True]
    assert not selection.may_hold("/landing/2025-11")
