"""The counts of a run."""

from __future__ import annotations

import pytest

from medallion_assets.lakehouse.materialization import Rows


@pytest.mark.parametrize(
    "counts",
    [
        Rows(),
        Rows(read=10, kept=10, written=10),
        Rows(read=10, kept=7, written=5, superseded=2, quarantined=2, dropped=1),
    ],
)
def test_rows_that_all_ended_somewhere_are_conserved(counts: Rows) -> None:
    assert counts.conserved


@pytest.mark.parametrize(
    "counts",
    [
        Rows(read=10, kept=9, written=9),
        Rows(read=10, kept=10, written=9),
        Rows(read=10, kept=10, written=11),
        Rows(read=10, kept=9, written=9, quarantined=1, dropped=1),
        # One too few here must not make up for one too many there.
        Rows(read=10, kept=9, written=10, quarantined=0),
    ],
)
def test_rows_lost_or_doubled_are_not_conserved(counts: Rows) -> None:
    assert not counts.conserved


def test_counts_of_micro_batches_add_up() -> None:
    one = Rows(read=3, kept=2, written=2, quarantined=1, inserted=2, rescued=1)
    other = Rows(read=4, kept=4, written=3, superseded=1, updated=3, corrupt=2)
    assert one + other == Rows(
        read=7,
        kept=6,
        written=5,
        superseded=1,
        quarantined=1,
        inserted=2,
        updated=3,
        rescued=1,
        corrupt=2,
    )
