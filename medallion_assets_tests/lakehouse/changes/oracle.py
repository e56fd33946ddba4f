"""What a set of events makes of a key, said again in plain Python."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby, permutations, product
from typing import NamedTuple


class Event(NamedTuple):
    """A change of a key; a delete may carry values too, which mean nothing."""

    key: str
    sequence: int
    value: int | None
    other: int | None
    deletes: bool = False


class Version(NamedTuple):
    """A row of a table with history."""

    value: int | None
    other: int | None
    start: int
    end: int | None


def histories(
    events: Collection[Event],
    *,
    ignore_nulls: bool = False,
    tracked: Sequence[str] = ("value", "other"),
) -> set[tuple[Version, ...]]:
    """What one key's versions may be: one answer, or several where upserts share a sequence."""
    return {tuple(_history(order, ignore_nulls, tracked)) for order in _orders(events)}


def newest(histories: Collection[tuple[Version, ...]]) -> set[tuple[int | None, int | None] | None]:
    """The rows without history: the open version, None where there is none."""
    open_ones = [[v for v in versions if v.end is None] for versions in histories]
    return {(found[0].value, found[0].other) if found else None for found in open_ones}


def _orders(events: Collection[Event]) -> Iterator[list[list[Event]]]:
    """Every order the events can be taken in, sequence by sequence, deletes last."""
    by_sequence = groupby(sorted(set(events), key=lambda e: e.sequence), key=lambda e: e.sequence)
    choices = []
    for _, group in by_sequence:
        members = list(group)
        deletes = [e for e in members if e.deletes]
        upserts = [e for e in members if not e.deletes]
        choices.append([[*order, *deletes] for order in permutations(upserts)])
    yield from map(list, product(*choices))


def _history(order: list[list[Event]], ignore_nulls: bool, tracked: Sequence[str]) -> list[Version]:
    versions: list[Version] = []
    row: tuple[int | None, int | None] | None = None
    for group in order:
        at = group[0].sequence
        for event in group:
            if event.deletes:
                row = None
            elif ignore_nulls and row is not None:
                row = (
                    row[0] if event.value is None else event.value,
                    row[1] if event.other is None else event.other,
                )
            else:
                row = (event.value, event.other)
        is_open = bool(versions) and versions[-1].end is None
        if row is None:
            if is_open:
                versions[-1] = versions[-1]._replace(end=at)
            continue
        new = Version(*row, at, None)
        if is_open and all(getattr(versions[-1], n) == getattr(new, n) for n in tracked):
            versions[-1] = new._replace(start=versions[-1].start)
            continue
        if is_open:
            versions[-1] = versions[-1]._replace(end=at)
        versions.append(new)
    return versions
