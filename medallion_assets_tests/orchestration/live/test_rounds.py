"""When rounds begin and end, and when a table that failed has its next turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.orchestration.live.failure import (
    LONG_PAUSE_SECONDS,
    Failure,
    failed_again,
)
from medallion_assets.orchestration.live.job import tables_of
from medallion_assets.orchestration.live.rounds import Rounds
from medallion_assets.orchestration.retries import MOST_RETRIES
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse


@dataclass
class Clock:
    """A clock that only sleep and work move."""

    now: float = 0.0
    rounds: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Worked:
    """A table with so many seconds of work in each round."""

    clock: Clock
    work: list[float]
    has_taken: int = 0
    failure: Failure | None = None
    above: tuple[Any, ...] = ()
    table: Any = field(default_factory=lambda: SimpleNamespace(full_name="bronze.a"))

    def wants(self, now: float) -> bool:
        self.clock.rounds.append(now)
        return bool(self.work)

    def take(self) -> Iterator[Any]:
        self.clock.now += self.work.pop(0)
        self.has_taken += 1
        yield from ()


def begun(work: list[float], *, idle: float) -> list[float]:
    clock = Clock()
    turn = cast("Any", Worked(clock, work))
    rounds = Rounds([turn], 1.0, idle, clock=lambda: clock.now, sleep=clock.sleep)
    assert list(rounds.run()) == []
    return clock.rounds


def test_a_round_begins_every_interval_or_when_the_one_before_has_ended() -> None:
    assert begun([0.25, 2.5, 0.5], idle=2.0) == [0.0, 1.0, 3.5, 4.5, 5.5, 6.5]


def test_rounds_end_after_the_idle_time() -> None:
    assert begun([], idle=3.0) == [0.0, 1.0, 2.0, 3.0]


def test_what_is_downstream_of_a_table_that_failed_has_no_turn_and_the_others_have() -> None:
    clock = Clock()
    failed = Worked(clock, [], failure=Failure(0.0, 1, is_terminal=True, mark=0))
    below, other = Worked(clock, [1.0], above=(failed.table,)), Worked(clock, [1.0])
    below.table = other.table = SimpleNamespace(full_name="silver.b")
    rounds = Rounds(cast("Any", [failed, below, other]), 1.0, 1.0, clock=lambda: clock.now)
    list(rounds.one())
    assert (below.has_taken, other.has_taken) == (0, 1)


def test_pauses_grow_and_one_that_helps_nothing_waits_for_a_change() -> None:
    transient: Failure | None = None
    pauses = []
    for _ in range(MOST_RETRIES):
        transient = failed_again(transient, is_terminal=False, mark=1, now=0.0)
        pauses.append(next(s for s in range(1000) if transient.is_over(1, float(s))))
    assert pauses == [5, 10, 20, 40, 60]
    given_up = failed_again(transient, is_terminal=False, mark=1, now=0.0)
    assert given_up.is_terminal

    terminal = failed_again(None, is_terminal=True, mark=1, now=0.0)
    assert not terminal.is_over(1, LONG_PAUSE_SECONDS - 1)
    assert terminal.is_over(1, LONG_PAUSE_SECONDS)
    assert terminal.is_over(2, 5.0), "something has changed"
    assert not terminal.is_over(2, 4.0), "also then not at once: files may come all the time"


def test_sources_name_their_tables_and_all_downstream() -> None:
    assert tables_of(small_lakehouse, []) == small_lakehouse.tables
    names = [table.full_name for table in tables_of(small_lakehouse, ["orders"])]
    assert names == ["bronze.orders", "silver.orders", "gold.revenue"]
    with pytest.raises(OptionError, match="no source nothing"):
        tables_of(small_lakehouse, ["nothing"])
