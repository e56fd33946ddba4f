from __future__ import annotations

import os
from pathlib import Path

import pytest

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, Settling, settling
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land, seen


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


def settle(
    chunks: list[list[LandedFile]], seconds: float, clock: Clock
) -> tuple[list[list[LandedFile]], list[LandedFile]]:
    settling = Settling(seconds, clock.now, clock.sleep)
    return list(settling.whole(iter(chunks))), settling.left


def test_old_files_are_whole_without_waiting(tmp_path: Path) -> None:
    clock = Clock(PAST + 10)
    old = seen(land(tmp_path / "old", modified=PAST))
    assert settle([[old]], 10.0, clock) == ([[old]], [])
    assert clock.slept == []


def test_a_file_from_the_future_is_looked_at_again_as_its_time_tells_nothing(
    tmp_path: Path,
) -> None:
    clock = Clock(PAST)
    whole = seen(land(tmp_path / "whole", modified=PAST + 3600))
    growing = seen(land(tmp_path / "growing", modified=PAST + 3600))
    clock.meanwhile = [tmp_path / "growing"]
    assert settle([[whole, growing]], 10.0, clock) == ([[whole]], [growing])
    assert clock.slept == pytest.approx([10.0])


def test_young_files_of_all_chunks_are_waited_for_once_and_growing_ones_left(
    tmp_path: Path,
) -> None:
    clock = Clock(PAST + 10)
    old = seen(land(tmp_path / "old", modified=PAST))
    younger = seen(land(tmp_path / "younger", modified=PAST + 4))
    youngest = seen(land(tmp_path / "youngest", modified=PAST + 9))
    growing = seen(land(tmp_path / "growing", modified=PAST + 8))
    gone = seen(land(tmp_path / "gone", modified=PAST + 8))
    (tmp_path / "gone").unlink()
    clock.meanwhile = [tmp_path / "growing"]
    chunks = [[youngest], [old, growing], [gone, younger]]
    assert settle(chunks, 10.0, clock) == ([[old], [youngest, younger]], [growing])
    # One pause, after which the youngest is exactly as old as the rule asks for.
    assert clock.slept == pytest.approx([9.0])


def test_a_settle_time_of_zero_takes_everything_at_once(tmp_path: Path) -> None:
    clock = Clock(PAST)
    new = seen(land(tmp_path / "new", modified=PAST))
    assert settle([[new]], 0.0, clock) == ([[new]], [])


def test_where_nobody_waits_a_file_is_whole_once_it_has_stayed_as_it_is(tmp_path: Path) -> None:
    clock = Clock(PAST + 10)
    old = seen(land(tmp_path / "old", modified=PAST))
    young = seen(land(tmp_path / "young", modified=PAST + 4))
    future = seen(land(tmp_path / "future", modified=PAST + 3600))
    settling = Settling(10.0, clock.now, clock.sleep, wait=False)

    def look(*files: LandedFile) -> list[LandedFile]:
        return [file for chunk in settling.whole([files]) for file in chunk]

    assert look(young, old, future) == [old]
    assert settling.left == [young, future]
    clock.time += 4
    grown = seen(land(tmp_path / "future", "more", modified=PAST + 3600))
    # By its time the one has settled; the other changed, which starts its time anew.
    assert look(young, grown) == [young]
    clock.time += 9
    assert look(grown) == []
    assert settling.left == [grown]
    clock.time += 1
    assert look(grown) == [grown]
    assert (settling.left, clock.slept) == ([], [])


def test_no_more_young_files_are_held_than_a_chunk_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "_WAITING", 2)
    clock = Clock(PAST + 1)
    files = [seen(land(tmp_path / name, modified=PAST)) for name in "abc"]
    whole, growing = settle([[file] for file in files], 10.0, clock)
    assert (whole, growing) == ([files[:2], files[2:]], [])
    # The first pause has made the third file old enough to be looked at without another.
    assert clock.slept == pytest.approx([9.0])
