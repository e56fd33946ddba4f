from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.house import House
from benchmarks.process_tree import end_lasting, lasting, measure
from benchmarks.surroundings import Surroundings

pytestmark = pytest.mark.process

SURROUNDINGS = Surroundings(package="medallion_assets_tests.benchmarks")


def test_what_a_program_leaves_running_is_found_measured_and_ended(tmp_path: Path) -> None:
    house, other = House.at(tmp_path / "one"), House.at(tmp_path / "other")
    try:
        measure(house, "lasting_program", ("--leave",), SURROUNDINGS)
        (left,) = lasting(house)
        alone = measure(other, "lasting_program", (), SURROUNDINGS)
        beside = measure(house, "lasting_program", (), SURROUNDINGS)
        # It never rests, so a process beside it costs more memory and more processor time.
        assert beside.peak_bytes > alone.peak_bytes
        assert beside.cpu_seconds > 0
        assert left.is_running()
    finally:
        end_lasting(house)
    left.wait(10)
    assert not lasting(house)
