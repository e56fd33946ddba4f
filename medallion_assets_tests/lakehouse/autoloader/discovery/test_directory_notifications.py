"""With the kernel's own notifications: nothing here stands in for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.discovery import Selection
from medallion_assets_tests.lakehouse.autoloader.landed import land, too_deep

if sys.platform != "linux":
    pytest.skip("inotify is Linux'", allow_module_level=True)

from medallion_assets.lakehouse.autoloader.discovery.directory_notifications import (
    DirectoryNotifications,
)

Watching = Callable[[Path], DirectoryNotifications]


@pytest.fixture
def watching() -> Iterator[Watching]:
    opened: list[DirectoryNotifications] = []

    def watch(directory: Path) -> DirectoryNotifications:
        opened.append(DirectoryNotifications(directory, Selection()))
        assert not opened[-1].told().complete, "what was there before has to be listed"
        return opened[-1]

    yield watch
    for notifications in opened:
        notifications.close()


def told(notifications: DirectoryNotifications, directory: Path) -> set[str]:
    """The paths that were told, below a directory."""
    news = notifications.told()
    assert news.complete
    return {os.path.relpath(path, directory) for path in news.paths}


def test_a_file_is_told_once_it_is_closed(tmp_path: Path, watching: Watching) -> None:
    (tmp_path / "sub").mkdir()
    land(tmp_path / "sub" / "before")
    notifications = watching(tmp_path)
    with (tmp_path / "sub" / "a").open("w") as file:
        file.write("x")
        file.flush()
        assert told(notifications, tmp_path) == set()
    assert told(notifications, tmp_path) == {"sub/a"}
    assert told(notifications, tmp_path) == set()
    (tmp_path / "sub" / "before").write_text("another")
    assert told(notifications, tmp_path) == {"sub/before"}


def test_a_rename_into_place_and_links_are_told(tmp_path: Path, watching: Watching) -> None:
    outside = land(tmp_path / "outside" / "a")
    landing = tmp_path / "landing"
    landing.mkdir()
    notifications = watching(landing)
    land(landing / "b.tmp").rename(landing / "b")
    (landing / "hard").hardlink_to(outside)
    (landing / "soft").symlink_to(outside)
    outside.rename(landing / "a")
    assert told(notifications, landing) >= {"a", "b", "hard", "soft"}


def test_what_may_be_read_now_is_told(tmp_path: Path, watching: Watching) -> None:
    path = land(tmp_path / "a")
    path.chmod(0)
    notifications = watching(tmp_path)
    path.chmod(0o644)
    assert told(notifications, tmp_path) == {"a"}


def test_directories_that_are_made_later_are_watched_with_what_is_in_them(
    tmp_path: Path, watching: Watching
) -> None:
    landing = tmp_path / "landing"
    landing.mkdir()
    notifications = watching(landing)
    land(landing / "day=1" / "hour=1" / "a")
    land(tmp_path / "made elsewhere" / "deep" / "b")
    (tmp_path / "made elsewhere").rename(landing / "day=2")
    (landing / "linked").symlink_to(land(tmp_path / "other" / "c").parent)
    land(landing / "_hidden" / "d")
    found = told(notifications, landing)
    assert found == {"day=1/hour=1/a", "day=2/deep/b", "linked/c"}
    land(landing / "day=1" / "hour=1" / "e")
    land(landing / "day=2" / "deep" / "f")
    land(tmp_path / "other" / "g")
    assert told(notifications, landing) == {"day=1/hour=1/e", "day=2/deep/f", "linked/g"}


def test_a_directory_keeps_being_watched_under_its_new_name(
    tmp_path: Path, watching: Watching
) -> None:
    land(tmp_path / "before" / "sub" / "a")
    notifications = watching(tmp_path)
    (tmp_path / "before").rename(tmp_path / "after")
    assert told(notifications, tmp_path) == {"after/sub/a"}
    land(tmp_path / "after" / "sub" / "b")
    assert told(notifications, tmp_path) == {"after/sub/b"}
    (tmp_path / "after").rename(tmp_path.parent / f"{tmp_path.name} gone")
    assert told(notifications, tmp_path) == set()
    land(tmp_path.parent / f"{tmp_path.name} gone" / "sub" / "c")
    assert told(notifications, tmp_path) == set()


def test_a_landing_directory_that_comes_later_goes_and_comes_again(
    tmp_path: Path, watching: Watching
) -> None:
    landing = tmp_path / "not" / "yet"
    notifications = watching(landing)
    assert told(notifications, landing) == set()
    land(landing / "a")
    assert told(notifications, landing) == {"a"}
    (landing / "a").unlink()
    landing.rmdir()
    assert told(notifications, landing) == set()
    land(landing / "b")
    assert told(notifications, landing) == {"b"}
    landing.rename(tmp_path / "away")
    assert told(notifications, landing) == set()
    land(landing / "c")
    assert told(notifications, landing) == {"c"}
    land(landing / "d")
    assert told(notifications, landing) == {"d"}


def test_when_the_kernels_queue_overflows_that_is_said(tmp_path: Path, watching: Watching) -> None:
    notifications = watching(tmp_path)
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    # Each file is two events: it was made, it was closed.
    for number in range(most // 2 + 10):
        (tmp_path / str(number)).touch()
    land(tmp_path / "made unnoticed" / "a")
    assert not notifications.told().complete
    land(tmp_path / "made unnoticed" / "b")
    assert told(notifications, tmp_path) == {"made unnoticed/b"}


def test_a_directory_that_can_not_be_listed_asks_for_a_listing_once(
    tmp_path: Path, watching: Watching
) -> None:
    notifications = watching(tmp_path)
    (tmp_path / "sub").mkdir()
    too_deep(tmp_path)
    assert not notifications.told().complete
    land(tmp_path / "sub" / "a")
    assert told(notifications, tmp_path) == {"sub/a"}
