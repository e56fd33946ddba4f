from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, cut, oldest_first
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, landed


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


def test_a_chunk_is_ordered_by_time_and_chunks_are_not_mixed() -> None:
    young, old = landed("/young", modified=PAST + 2), landed("/old", modified=PAST + 1)
    oldest, twin = landed("/oldest", modified=PAST), landed("/a twin", modified=PAST)
    assert list(oldest_first([[young, old], [oldest, twin]])) == [old, young, twin, oldest]
