"""Discovery while a query goes on, against a real directory, ledger and kernel; without Spark."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.discovery import Settling
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.stream import Discovered, FileStream, Progress
from medallion_assets.lakehouse.autoloader.watch import Watch
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land

if sys.platform != "linux":
    pytest.skip("inotify is Linux'", allow_module_level=True)


@dataclass
class Watched:
    """A watched landing directory, with the listings that were made of it."""

    stream: FileStream
    watch: Watch
    progress: Progress
    listings: list[Discovered]
    said: list[str] = field(default_factory=list)

    @property
    def landing(self) -> Path:
        return Path(self.stream.directory)

    @property
    def found(self) -> list[str]:
        """The names in the ledger, in order."""
        last = self.stream.ledger.last_batch()
        numbers = range(0 if last is None else last + 1)
        return [Path(f.path).name for n in numbers for f in self.stream.ledger.batch(n)]

    def until(self, *names: str) -> None:
        """Look until the ledger has these files and no others."""
        limit = time.monotonic() + 20
        while sorted(self.found) != sorted(names):
            assert time.monotonic() < limit, f"{self.found} instead of {names}"
            self.watch.look()
            time.sleep(0.01)

    def idle(self, seconds: float = 0.4) -> None:
        """Look for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.watch.look()
            time.sleep(0.01)


Watching = Callable[..., Watched]


@pytest.fixture
def watching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watching]:
    opened: list[Watch] = []
    listings: list[Discovered] = []
    discover = FileStream.discover

    def counted(stream: FileStream, *, settling: Settling) -> Discovered:
        listings.append(discover(stream, settling=settling))
        return listings[-1]

    monkeypatch.setattr(FileStream, "discover", counted)

    def watch(**options: str) -> Watched:
        given = {"format": "json", "useNotifications": "true", "settleSeconds": "0", **options}
        parsed = CloudFilesOptions.parse(
            {f"cloudFiles.{name}": value for name, value in given.items()}, has_schema=False
        )
        stream = FileStream(tmp_path / "landing", parsed, tmp_path / "checkpoint")
        stream.ledger.create()
        progress, said = Progress(), list[str]()
        opened.append(Watch(stream, progress, said.append))
        return Watched(stream, opened[-1], progress, listings, said)

    yield watch
    for one in opened:
        one.close()


def test_everything_is_listed_once_and_then_only_told_paths_are_looked_at(
    watching: Watching,
) -> None:
    watched = watching()
    land(watched.landing / "before")
    watched.until("before")
    assert len(watched.listings) == 1
    land(watched.landing / "a")
    land(watched.landing / "later" / "b")
    land(watched.landing / "_ignored")
    land(watched.landing / "c.tmp").rename(watched.landing / "c")
    watched.until("before", "a", "b", "c")
    land(watched.landing / "a", "another time: a path is taken once", PAST + 9)
    watched.idle()
    assert watched.found[0] == "before"
    assert len(watched.found) == 4
    assert len(watched.listings) == 1


def test_a_young_file_is_taken_when_it_has_settled(watching: Watching) -> None:
    watched = watching(settleSeconds="0.5")
    young = land(watched.landing / "listed", modified=time.time())
    watched.watch.look()
    assert watched.found == []
    told = land(watched.landing / "told", modified=time.time())
    watched.until("listed", "told")
    assert time.time() - max(young.stat().st_mtime, told.stat().st_mtime) >= 0.5
    assert len(watched.listings) == 1


@pytest.mark.parametrize("notifications", ["true", "false"])
def test_a_file_from_the_future_is_taken_once_it_has_stayed_the_same(
    watching: Watching, notifications: str
) -> None:
    watched = watching(settleSeconds="0.5", useNotifications=notifications)
    watched.watch.look()
    land(watched.landing / "future", modified=time.time() + 3600)
    landed = time.monotonic()
    watched.until("future")
    assert time.monotonic() - landed >= 0.5


def test_a_file_that_grows_is_not_taken(watching: Watching) -> None:
    watched = watching(settleSeconds="0.3")
    watched.watch.look()
    path = watched.landing / "growing"
    path.parent.mkdir()
    end = time.monotonic() + 1
    while time.monotonic() < end:
        with path.open("a") as file:
            file.write("x")
        watched.watch.look()
        time.sleep(0.02)
    assert watched.found == []
    watched.until("growing")
    assert watched.stream.ledger.batch(0)[0].size == path.stat().st_size


def test_everything_is_listed_again_every_backfill_interval(watching: Watching) -> None:
    watched = watching(backfillInterval="300 milliseconds")
    watched.watch.look()
    while len(watched.listings) < 3:
        watched.idle(0.05)
    plain = watching()
    plain.idle(1.0)
    assert len(watched.listings) == 4


def test_lost_news_are_made_up_for_by_a_listing(watching: Watching) -> None:
    watched = watching()
    watched.watch.look()
    watched.landing.mkdir()
    watched.idle()
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    for number in range(most // 2 + 10):
        path = watched.landing / f"{number}.tmp"
        path.touch()
        path.unlink()
    land(watched.landing / "missed" / "a")
    listings = len(watched.listings)
    watched.until("a")
    assert len(watched.listings) == listings + 1
    land(watched.landing / "missed" / "b")
    watched.until("a", "b")
    assert len(watched.listings) == listings + 1


def test_a_replaced_broken_file_is_taken_again(watching: Watching) -> None:
    watched = watching()
    path = land(watched.landing / "a", "bad")
    watched.until("a")
    land(watched.landing / "b")
    watched.until("a", "b")
    watched.stream.ledger.failed(0, [FailedFile(str(path), "cut short")])
    land(path, "mended", PAST + 9)
    watched.until("a", "b", "a")
    assert len(watched.listings) == 1


def test_a_told_path_that_can_not_be_looked_at_is_a_failed_file(watching: Watching) -> None:
    watched = watching()
    watched.watch.look()
    watched.landing.mkdir()
    (watched.landing / "round").symlink_to("round")
    land(watched.landing / "a")
    watched.until("a")
    assert [Path(file.path).name for file in watched.progress.failed] == ["round"]
    assert len(watched.listings) == 1


def test_versions_are_taken_as_they_are_told(watching: Watching) -> None:
    watched = watching(allowOverwrites="true")
    watched.watch.look()
    land(watched.landing / "a", "1")
    watched.until("a")
    land(watched.landing / "a", "22", PAST + 1)
    watched.until("a", "a")
    (watched.landing / "a").chmod(0o600)
    watched.idle()
    assert watched.found == ["a", "a"]
    assert len(watched.listings) == 1


def test_without_a_watcher_the_directory_is_listed_and_the_reason_said(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where another system has no such thing.
    monkeypatch.setitem(sys.modules, "inotify_simple", None)
    monkeypatch.delitem(
        sys.modules,
        "medallion_assets.lakehouse.autoloader.discovery.directory_notifications",
        raising=False,
    )
    watched = watching()
    land(watched.landing / "a")
    watched.until("a")
    land(watched.landing / "b")
    watched.until("a", "b")
    assert len(watched.listings) >= 2
    assert len(watched.said) == 1
    assert "can't be watched" in watched.said[0]


def test_without_notifications_the_directory_is_listed_again_and_again(watching: Watching) -> None:
    watched = watching(useNotifications="false")
    watched.watch.look()
    assert watched.listings == []
    land(watched.landing / "a")
    watched.until("a")
    land(watched.landing / "b")
    watched.until("a", "b")
    assert len(watched.listings) >= 2
