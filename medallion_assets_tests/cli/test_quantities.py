from __future__ import annotations

import pytest

from medallion_assets.cli.quantities import counted, size, span


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1.0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_600, "1 h"),
        (86_399, "23 h"),
        (200_000, "2 d"),
        (365_000_000, "4,224 d"),
    ],
)
def test_a_span_is_told_in_its_largest_whole_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (1_250_000, "1.2 MB"),
        (3 * 10**12, "3,000.0 GB"),
    ],
)
def test_a_size_is_told_in_its_largest_unit(count: int, said: str) -> None:
    assert size(count) == said


def test_one_thing_is_not_several() -> None:
    assert [counted(n, "file") for n in (0, 1, 2_000)] == ["0 files", "1 file", "2,000 files"]
