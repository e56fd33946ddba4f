"""Whether programs that did the same work came to the same gold."""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.errors import BenchmarkError
from benchmarks.peers.gold import Groups


def same_gold(found: Mapping[str, Groups]) -> None:
    """Check that all came to what the first came to.

    Raises:
        BenchmarkError: one did not, or there is nothing to compare.
    """
    (first, expected), *others = found.items()
    if not expected:
        raise BenchmarkError(f"{first} came to an empty gold table.")
    for name, gold in others:
        if gold != expected:
            groups = expected.keys() | gold.keys()
            differing = [group for group in groups if expected.get(group) != gold.get(group)]
            raise BenchmarkError(
                f"{name} and {first} differ in {len(differing)} of {len(groups)} groups, such as "
                f"{differing[0]}: {gold.get(differing[0])} and {expected.get(differing[0])}."
            )
