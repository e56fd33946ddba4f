from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.discovery import (
    DirectoryListing,
    KnownFiles,
    LandedFile,
    Selection,
    Settling,
    cut,
    directory_listing,
    look_through,
    oldest_first,
)
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets_tests.lakehouse.autoloader.landed import land, landed, seen


@dataclass(frozen=True)
class Chunk:
    """A chunk of files that need not exist."""

    held: list[LandedFile]

    @property
    def paths(self) -> list[str]:
        return [file.path for file in self.held]

    def files(self, positions: Sequence[int]) -> Iterator[LandedFile | FailedFile]:
        return (self.held[position] for position in positions)


def ledger_of(tmp_path: Path, files: list[LandedFile]) -> FileLedger:
    ledger = FileLedger(tmp_path / "ledger")
    ledger.create()
    ledger.discovered([files])
    return ledger


def test_only_what_the_ledger_lacks_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = [seen(land(tmp_path / f"landing/{number % 7}/{number}")) for number in range(500)]
    ledger = ledger_of(tmp_path, known)
    new = land(tmp_path / "landing/3/new")
    looked_at: list[str] = []
    really = directory_listing.look_at

    def look_at(path: str) -> LandedFile | FailedFile | None:
        looked_at.append(path)
        return really(path)

    monkeypatch.setattr(directory_listing, "look_at", look_at)
    listing = DirectoryListing(tmp_path / "landing", Selection(), chunk=64)
    found = list(look_through(listing, ledger.known(), Selection()))
    assert looked_at == [str(new)]
    assert [file for looked in found for file in looked.new] == [seen(new)]
    assert sum(looked.listed for looked in found) == 501


def test_versions_are_all_looked_at_and_changed_ones_found(tmp_path: Path) -> None:
    files = [seen(land(tmp_path / "landing" / name, "1")) for name in "abc"]
    ledger = ledger_of(tmp_path, files)
    changed = seen(land(tmp_path / "landing/b", "12"))
    listing = DirectoryListing(tmp_path / "landing", Selection())
    found = look_through(listing, ledger.known(by_version=True), Selection())
    assert [file for looked in found for file in looked.new] == [changed]


def test_what_is_not_selected_is_not_listed_and_not_new(tmp_path: Path) -> None:
    for name in ("a.json", "b.csv", "_c.json", "d/e.json", "d/.f.json"):
        land(tmp_path / name)
    selection = Selection(name_pattern="*.json")
    (looked,) = look_through(DirectoryListing(tmp_path, selection), KnownFiles(), selection)
    assert {os.path.relpath(file.path, tmp_path) for file in looked.new} == {"a.json", "d/e.json"}
    assert looked.listed == 2


def test_a_first_load_holds_a_few_chunks_of_many() -> None:
    drawn: list[int] = []

    def listing() -> Iterator[Chunk]:
        for number in range(50):
            drawn.append(number)
            yield Chunk([landed(f"/{number:02}/{file:02}") for file in range(100)])

    looked = look_through(listing(), KnownFiles(), Selection())
    whole = Settling(1.0).whole(one.new for one in looked)
    batches = cut(oldest_first(whole), 30, None)
    assert len(next(batches)) == 30
    assert len(drawn) <= 3
    assert 30 + sum(map(len, batches)) == 5000


def test_a_look_that_is_broken_off_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    looking = look_through((Chunk([landed("/a")]) for _ in range(9)), KnownFiles(), Selection())
    assert next(looking).listed == 1
    assert isinstance(looking, Iterator)
    looking.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
