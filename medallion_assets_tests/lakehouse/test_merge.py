"""Which row of a key wins depends on the set of changes alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest

from medallion_assets.lakehouse import skipping
from medallion_assets.lakehouse.changes.latest import LatestRows
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, raw, rows, run

pytestmark = pytest.mark.usefixtures("spark")

SETS_OF_CHANGES = 150
"""Each in two arrangements, as cases of one table: one run covers them all."""

COMMITS = 4
"""Into how many commits of the source each arrangement of a case is cut."""


class Event(NamedTuple):
    """A change of a key; a delete carries no value."""

    key: str | None
    sequence: int
    value: int | None
    other: int | None
    deletes: bool


Version = tuple[int, int | None, int | None]
"""Sequence and values of a row."""


class Arrival(NamedTuple):
    """An event of a case in one of its arrangements, in the file that brought it."""

    case: int
    event: Event
    file: str


def any_event(dice: random.Random) -> Event:
    """Few keys, sequences and values: what matters is that they collide."""
    key, sequence = dice.choice(["a", "b", None]), dice.randint(1, 4)
    if dice.random() < 0.3:
        return Event(key, sequence, None, None, True)
    return Event(key, sequence, dice.choice([None, 1, 2]), dice.choice([None, 1, 2]), False)


source = raw("changes")
FIELDS = {
    "case": pa.int64(),
    "key": pa.string(),
    "sequence": pa.int64(),
    "value": pa.int64(),
    "other": pa.int64(),
    "op": pa.string(),
    "file": pa.string(),
}
latest = SilverTable(
    name="latest",
    source=source,
    transform=lambda changes: changes.selectExpr(
        "case", "key", "sequence", "value", "other", "op as _op", "file as _file"
    ),
    keys=("case", "key"),
    sequence_by=("sequence",),
    apply_as_deletes="_op = 'd'",
)


def expected(changes: frozenset[Event]) -> dict[str | None, set[Version]]:
    """Key to the rows it may have: one, or several where an equal sequence brought several."""
    alive = {}
    for key in {change.key for change in changes}:
        mine = [change for change in changes if change.key == key]
        highest = [c for c in mine if c.sequence == max(other.sequence for other in mine)]
        if not any(change.deletes for change in highest):
            alive[key] = {change[1:4] for change in highest}
    return alive


def arranged(case: int, changes: frozenset[Event], dice: random.Random) -> list[list[Arrival]]:
    """The events in any order, some of them again, cut anywhere into commits."""
    listed = [*sorted(changes, key=repr)]
    listed += dice.choices(listed, k=dice.randrange(4))
    dice.shuffle(listed)
    arrivals = [Arrival(case, event, f"file {dice.randrange(9)}") for event in listed]
    cuts = sorted(dice.randrange(len(listed) + 1) for _ in range(COMMITS - 1))
    return [arrivals[a:b] for a, b in pairwise([0, *cuts, len(listed)])]


def land(lake: Lake, arrivals: Sequence[Arrival]) -> None:
    written = [
        {
            "case": arrival.case,
            "key": arrival.event.key,
            "sequence": arrival.event.sequence,
            "value": arrival.event.value,
            "other": arrival.event.other,
            "op": "d" if arrival.event.deletes else "u",
            "file": arrival.file,
        }
        for arrival in arrivals
    ]
    append(lake.path(source), written, FIELDS)


def table_of(lake: Lake) -> dict[int, dict[str | None, Version]]:
    """Case to key to the row of the key, after a look that no key is there twice."""
    found: dict[int, dict[str | None, Version]] = {}
    for row in rows(lake.path(latest), "case", "key", "sequence", "value", "other"):
        case = found.setdefault(row["case"], {})
        assert row["key"] not in case, f"two rows of {row}"
        case[row["key"]] = (row["sequence"], row["value"], row["other"])
    return found


@pytest.mark.parametrize("seed", [20261101])
def test_the_table_depends_on_the_set_of_changes_and_not_on_their_arrival(
    lake: Lake, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in a large table; the others of this suite are small.
    monkeypatch.setattr(skipping, "WORTH_IT_BYTES", 0)
    dice = random.Random(seed)
    sets = [
        frozenset(any_event(dice) for _ in range(dice.randint(1, 9)))
        for _ in range(SETS_OF_CHANGES)
    ]
    # Two arrangements of every set, as cases 2n and 2n+1, share each commit of the source.
    arrangements = [arranged(2 * n + k, s, dice) for n, s in enumerate(sets) for k in (0, 1)]
    for number in range(COMMITS):
        land(lake, [arrival for cut in arrangements for arrival in cut[number]])
        done = run(latest, lake)
        assert done.rows.conserved, done.rows
    found = table_of(lake)
    for n, changes in enumerate(sets):
        one, other = found.get(2 * n, {}), found.get(2 * n + 1, {})
        assert one == other, f"two arrangements of {sorted(changes, key=repr)} differ"
        possible = expected(changes)
        assert one.keys() == possible.keys(), sorted(changes, key=repr)
        assert all(one[key] in possible[key] for key in one), sorted(changes, key=repr)


class CrashError(Exception):
    """The process ends here."""


def change(key: str, sequence: int, value: int | None, *, deletes: bool = False) -> Arrival:
    return Arrival(0, Event(key, sequence, value, None, deletes), "file")


FIRST = [change("a", 1, 10), change("b", 1, 10), change("c", 1, 10)]
SECOND = [
    change("a", 3, None, deletes=True),
    change("b", 2, 20),
    change("d", 5, None, deletes=True),
    change("e", 1, 10),
]
LATE = [change("a", 2, 99), change("d", 4, 99), change("c", 0, 99)]
AFTER = {0: {"b": (2, 20, None), "c": (1, 10, None), "e": (1, 10, None)}}


def before_the_merge(lake: Lake, patch: pytest.MonkeyPatch) -> None:
    """The tombstones of the micro-batch are written, its rows are not."""

    def crash(*_: object) -> None:
        raise CrashError

    with patch.context() as patched:
        patched.setattr(LatestRows, "_merge", crash)
        with pytest.raises(CrashError):
            run(latest, lake)
    assert {row["key"] for row in rows(lake.tombstones_path(latest))} == {"a", "d"}


def before_the_checkpoint(lake: Lake, _: pytest.MonkeyPatch) -> None:
    """The rows of the micro-batch are written, that it is done is not noted anywhere."""
    run(latest, lake)
    checkpoint = lake.stream_directory(latest)
    newest = max((p for p in (checkpoint / "commits").iterdir() if p.name.isdigit()), key=by_number)
    newest.unlink()
    (checkpoint / "_consumed.json").unlink()


def before_the_consumed_versions(lake: Lake, _: pytest.MonkeyPatch) -> None:
    """Spark has noted that the micro-batch is done, the run has not."""
    run(latest, lake)
    (lake.stream_directory(latest) / "_consumed.json").unlink()


def by_number(path: Path) -> int:
    return int(path.name)


@pytest.mark.parametrize(
    "crash", [before_the_merge, before_the_checkpoint, before_the_consumed_versions]
)
def test_a_run_after_a_crash_ends_where_an_undisturbed_one_does(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    crash: Callable[[Lake, pytest.MonkeyPatch], None],
) -> None:
    land(lake, FIRST)
    run(latest, lake)
    land(lake, SECOND)
    crash(lake, monkeypatch)
    run(latest, lake)
    assert table_of(lake) == AFTER
    land(lake, LATE)
    run(latest, lake)
    assert table_of(lake) == AFTER
    stones = [(row["key"], row["_sequence"]) for row in rows(lake.tombstones_path(latest))]
    assert sorted(stones, key=repr) == [("a", {"sequence": 3}), ("d", {"sequence": 5})]
