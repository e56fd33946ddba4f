from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.discovery import (
    LandedFile,
    cut,
    is_ignored,
    list_files,
    settled,
)
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, landed, seen


@pytest.mark.parametrize(
    "name",
    ["_SUCCESS", ".hidden", "_delta_log", "a.json.tmp", "A.TEMP", "x.part", "x.partial",
     "x.crdownload", "x.filepart", "x.json._COPYING_"],
)  # fmt: skip
def test_hidden_and_unfinished_names_are_no_data(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize("name", ["a", "a.json", "a_.b", "tmp", "a.tmp.json", "a b", "day=1"])
def test_any_other_name_is_data(name: str) -> None:
    assert not is_ignored(name)


def test_every_file_below_the_directory_is_listed_once(tmp_path: Path) -> None:
    wanted = {
        land(tmp_path / name)
        for name in ("a.json", "b/c/d/e.json", "b/f.json", "day=2026-01-01/g", "z z/\u00fc[1].json")
    }
    for name in ("_x/a.json", ".y/a.json", "b/.c.json", "b/d.tmp", "in.part/a.json"):
        land(tmp_path / name)
    (tmp_path / "empty").mkdir()
    found = list(list_files(tmp_path))
    assert sorted(file.path for file in found) == sorted(map(str, wanted))
    assert set(found) == {seen(path) for path in wanted}


def test_a_directory_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert list(list_files(tmp_path / "nowhere")) == []


def test_only_regular_files_are_listed(tmp_path: Path) -> None:
    target = land(tmp_path / "elsewhere" / "a.json")
    directory = tmp_path / "landing"
    directory.mkdir()
    (directory / "link.json").symlink_to(target)
    (directory / "dangling.json").symlink_to(tmp_path / "gone.json")
    os.mkfifo(directory / "pipe.json")
    assert [file.path for file in list_files(directory)] == [str(directory / "link.json")]


def test_a_link_back_up_is_not_followed_for_ever(tmp_path: Path) -> None:
    land(tmp_path / "a" / "one.json")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    assert [file.path for file in list_files(tmp_path)] == [str(tmp_path / "a" / "one.json")]


def test_a_file_that_vanishes_while_listing_is_left_out(tmp_path: Path) -> None:
    for name in ("a.json", "b.json", "c/d.json", "e/f.json"):
        land(tmp_path / name)
    found: list[str] = []
    for file in list_files(tmp_path):
        found.append(os.path.relpath(file.path, tmp_path))
        if len(found) == 1:
            # The listing has begun: files and whole directories disappear under it.
            for name in {"a.json", "b.json"} - set(found):
                (tmp_path / name).unlink()
            (tmp_path / "c" / "d.json").unlink()
            (tmp_path / "c").rmdir()
    assert len(found) == 2
    assert found[0] in ("a.json", "b.json")
    assert found[1] == "e/f.json"


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
    whole = [file.path for file in list_files(root)]
    stopped_before = data.draw(st.integers(0, len(whole) - 1))
    position = os.path.dirname(whole[stopped_before])
    first = next(i for i, path in enumerate(whole) if os.path.dirname(path) == position)
    assert [file.path for file in list_files(root, position)] == whole[first:]


class Clock:
    """Time that passes only by sleeping; something may happen meanwhile."""

    def __init__(self, now: float) -> None:
        self.time = now
        self.slept: list[float] = []
        self.meanwhile: list[Path] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        for path in self.meanwhile:
            with path.open("ab") as file:
                file.write(b"more")
            os.utime(path, (self.time, self.time))


def test_old_files_are_whole_without_waiting(tmp_path: Path) -> None:
    clock = Clock(PAST + 10)
    old = seen(land(tmp_path / "old", modified=PAST))
    assert settled([old], 10.0, clock.now, clock.sleep) == ([old], [])
    assert clock.slept == []


def test_a_file_from_the_future_is_whole(tmp_path: Path) -> None:
    clock = Clock(PAST)
    future = seen(land(tmp_path / "future", modified=PAST + 3600))
    assert settled([future], 10.0, clock.now, clock.sleep) == ([future], [])


def test_young_files_are_waited_for_once_and_growing_ones_left(tmp_path: Path) -> None:
    clock = Clock(PAST + 10)
    old = seen(land(tmp_path / "old", modified=PAST))
    younger = seen(land(tmp_path / "younger", modified=PAST + 4))
    youngest = seen(land(tmp_path / "youngest", modified=PAST + 9))
    growing = seen(land(tmp_path / "growing", modified=PAST + 8))
    gone = seen(land(tmp_path / "gone", modified=PAST + 8))
    (tmp_path / "gone").unlink()
    clock.meanwhile = [tmp_path / "growing"]
    whole, left = settled(
        iter([youngest, old, growing, gone, younger]), 10.0, clock.now, clock.sleep
    )
    assert whole == [old, youngest, younger]
    assert left == [growing]
    # One pause, after which the youngest is exactly as old as the rule asks for.
    assert clock.slept == pytest.approx([9.0])


def test_a_settle_time_of_zero_takes_everything_at_once(tmp_path: Path) -> None:
    clock = Clock(PAST)
    new = seen(land(tmp_path / "new", modified=PAST))
    assert settled([new], 0.0, clock.now, clock.sleep) == ([new], [])


@given(
    st.lists(st.integers(0, 100), max_size=40),
    st.integers(1, 10),
    st.none() | st.integers(1, 150),
)
def test_cutting_keeps_order_and_limits_and_loses_nothing(
    sizes: list[int], max_files: int, max_bytes: int | None
) -> None:
    files = [landed(f"/f{number}", size) for number, size in enumerate(sizes)]
    batches = list(cut(iter(files), max_files, max_bytes))
    assert [file for batch in batches for file in batch] == files
    for batch in batches:
        assert 1 <= len(batch) <= max_files
        if max_bytes is not None and len(batch) > 1:
            assert sum(file.size for file in batch) <= max_bytes
    # No micro-batch is smaller than it has to be: the next file would not have gone in.
    for batch, following in pairwise(batches):
        too_many = len(batch) == max_files
        too_large = max_bytes is not None and _bytes(batch) + following[0].size > max_bytes
        assert too_many or too_large


def _bytes(batch: list[LandedFile]) -> int:
    return sum(file.size for file in batch)


def test_a_file_larger_than_the_limit_makes_a_micro_batch_of_its_own() -> None:
    files = [landed("/a", 1), landed("/big", 100), landed("/b", 1), landed("/c", 1)]
    assert list(cut(files, 10, 5)) == [[files[0]], [files[1]], files[2:]]
