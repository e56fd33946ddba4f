"""The table depends on the set of changes alone: on no order, cut or repetition of theirs."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from medallion_assets import apply_changes
from medallion_assets_tests.lakehouse.changes.oracle import Event, Version, histories, newest
from medallion_assets_tests.lakehouse.delta_rows import rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

SETS = 150
"""Each in two arrangements, as keys of one table."""

BATCHES = 3
SCHEMA = "key string, sequence int, value int, other int, op string"


def any_set(dice: random.Random, key: str) -> frozenset[Event]:
    """Few sequences and values: what matters is that they collide."""

    def any_event() -> Event:
        values = dice.choice([None, 1, 2]), dice.choice([None, 1, 2])
        return Event(key, dice.randint(1, 5), *values, deletes=dice.random() < 0.25)

    return frozenset(any_event() for _ in range(dice.randint(1, 7)))


def arranged(events: frozenset[Event], dice: random.Random) -> list[list[Event]]:
    """The events in any order, some of them again, cut anywhere into micro-batches."""
    listed = [*sorted(events, key=repr)]
    listed += dice.choices(listed, k=dice.randrange(4))
    dice.shuffle(listed)
    cuts = sorted(dice.randrange(len(listed) + 1) for _ in range(BATCHES - 1))
    return [listed[a:b] for a, b in pairwise([0, *cuts, len(listed)])]


def changes_of(spark: SparkSession, events: Sequence[Event]) -> DataFrame:
    made = [(*event[:4], "d" if event.deletes else "u") for event in events]
    return spark.createDataFrame(made, SCHEMA)


CONFIGURATIONS: Mapping[str, Mapping[str, Any]] = {
    "type 1": {},
    "type 1, nulls ignored, truncated": {
        "ignore_null_updates": True,
        "apply_as_truncates": "op = 't'",
    },
    "type 2": {"stored_as_scd_type": 2, "track_history_except_column_list": ["other"]},
    "type 2, nulls ignored": {"stored_as_scd_type": 2, "ignore_null_updates": True},
}


@pytest.mark.parametrize("given", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_whatever_arrives_when(
    spark: SparkSession, tmp_path: Path, given: Mapping[str, Any]
) -> None:
    dice = random.Random(str(given))
    sets = {f"{number}": any_set(dice, f"{number}") for number in range(SETS)}
    batches: list[list[Event]] = [[] for _ in range(BATCHES)]
    for key, events in sets.items():
        for arrangement in ("one", "other"):
            for batch, cut in zip(batches, arranged(events, dice), strict=True):
                batch += [event._replace(key=f"{key} {arrangement}") for event in cut]
    truncated = 2 if "apply_as_truncates" in given else 0
    for number, batch in enumerate(batches):
        changes = changes_of(spark, batch)
        if truncated and number == 1:
            end = spark.createDataFrame([(None, truncated, None, None, "t")], SCHEMA)
            changes = changes.unionByName(end)
        arguments: dict[str, Any] = {
            "keys": ["key"], "sequence_by": "sequence", "apply_as_deletes": "op = 'd'",
            "except_columns": ["op", "sequence"], **given,
        }  # fmt: skip
        apply_changes(spark, changes, f"delta.`{tmp_path}/t`", **arguments)
    possible = {
        key: histories(
            {event for event in events if event.sequence > truncated},
            ignore_nulls=given.get("ignore_null_updates", False),
            tracked=("value",)
            if "track_history_except_column_list" in given
            else ("value", "other"),
        )
        for key, events in sets.items()
    }
    if given.get("stored_as_scd_type") == 2:
        check_versions(tmp_path / "t", sets, possible)
    else:
        check_newest(tmp_path / "t", sets, possible)


def check_versions(
    path: Path,
    sets: Mapping[str, frozenset[Event]],
    possible: Mapping[str, set[tuple[Version, ...]]],
) -> None:
    found: dict[str, list[Version]] = defaultdict(list)
    for row in rows(path, "key", "value", "other", "__START_AT", "__END_AT"):
        version = Version(row["value"], row["other"], row["__START_AT"], row["__END_AT"])
        found[row["key"]].append(version)
    for key, events in sets.items():
        one, other = (
            tuple(sorted(found.get(f"{key} {a}", []), key=lambda v: v.start))
            for a in ("one", "other")
        )
        assert one == other, sorted(events)
        assert one in possible[key], sorted(events)


def check_newest(
    path: Path,
    sets: Mapping[str, frozenset[Event]],
    possible: Mapping[str, set[tuple[Version, ...]]],
) -> None:
    held = rows(path, "key", "value", "other")
    found = {row["key"]: (row["value"], row["other"]) for row in held}
    assert len(found) == len(held), "a key is there twice"
    for key, events in sets.items():
        one, other = found.get(f"{key} one"), found.get(f"{key} other")
        assert one == other, sorted(events)
        assert one in newest(possible[key]), sorted(events)
