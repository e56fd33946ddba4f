from __future__ import annotations

import json

import pytest

from medallion_assets.lakehouse.autoloader.landing import LandingState
from medallion_assets.orchestration.landing_report import describe
from medallion_assets.orchestration.source_cursor import SourceCursor
from medallion_assets.orchestration.source_decision import (
    FinishedRun,
    Seen,
    decide,
    pause_seconds,
)

NOW = 1_000_000.0


def state(
    new: int = 0,
    version: str = "ledger:5",
    *,
    listed: int = 1204,
    unsettled: int = 0,
    resume_after: str | None = None,
) -> LandingState:
    return LandingState(
        listed=listed,
        new_files=new,
        new_bytes=new * 10,
        unsettled=unsettled,
        oldest_new_age_seconds=1.0 if new else None,
        ledger_version=version,
        failed_files=0,
        resume_after=resume_after,
    )


def seen_of(state: LandingState) -> Seen:
    return Seen(state.new_files > 0, state.ledger_version, describe(state), state.resume_after)


def run(*, succeeded: bool, seconds_ago: float = 0.0) -> FinishedRun:
    return FinishedRun("0123456789", succeeded, NOW - seconds_ago)


REQUESTED = SourceCursor(taken="ledger:5", attempt=0)


@pytest.mark.parametrize(
    ("seen", "cursor", "last", "run_key"),
    [
        pytest.param(state(), SourceCursor(), None, None, id="nothing new"),
        pytest.param(state(2), SourceCursor(), None, "orders:ledger:5:0", id="first files"),
        pytest.param(
            state(2, "ledger:6"),
            REQUESTED,
            run(succeeded=True),
            "orders:ledger:6:0",
            id="more files after a run that took the first",
        ),
        pytest.param(state(), REQUESTED, run(succeeded=True), None, id="all taken"),
        pytest.param(
            state(2), REQUESTED, run(succeeded=True), None, id="succeeded, the ledger did not move"
        ),
        pytest.param(
            state(2),
            REQUESTED,
            run(succeeded=True, seconds_ago=31),
            "orders:ledger:5:1",
            id="the same, after the pause",
        ),
        pytest.param(state(2), REQUESTED, run(succeeded=False, seconds_ago=29), None, id="failed"),
        pytest.param(
            state(2),
            REQUESTED,
            run(succeeded=False, seconds_ago=31),
            "orders:ledger:5:1",
            id="failed, after the pause",
        ),
        pytest.param(
            state(0, "ledger:6"),
            REQUESTED,
            run(succeeded=False, seconds_ago=31),
            "orders:ledger:6:1",
            id="failed downstream of bronze",
        ),
        pytest.param(
            state(2, "ledger:6"),
            SourceCursor(taken="ledger:5", attempt=3),
            run(succeeded=False, seconds_ago=31),
            None,
            id="failures in a row count over ledger versions",
        ),
        pytest.param(
            state(2, "ledger:6"),
            SourceCursor(taken="ledger:5", attempt=3),
            run(succeeded=True),
            "orders:ledger:6:0",
            id="a success ends the row",
        ),
    ],
)
def test_when_a_run_is_requested(
    seen: LandingState, cursor: SourceCursor, last: FinishedRun | None, run_key: str | None
) -> None:
    assert decide("orders", seen_of(seen), cursor, last, NOW).run_key == run_key


def test_the_pause_doubles_up_to_an_hour() -> None:
    pauses = [pause_seconds(attempt) for attempt in range(9)]
    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    assert pause_seconds(100_000) == 3600


def test_a_source_that_keeps_failing_is_tried_ever_less_often() -> None:
    cursor, ended, attempts = REQUESTED, NOW, []
    for tick in range(0, 24 * 3600, 10):
        last = FinishedRun("0123456789", False, ended)
        decision = decide("orders", seen_of(state(2)), cursor, last, NOW + tick)
        cursor = decision.cursor
        if decision.run_key is not None:
            attempts.append(decision.run_key)
            ended = NOW + tick
    assert len(attempts) == len(set(attempts)), "no run key is used twice"
    assert 24 <= len(attempts) <= 24 + 8


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        (state(), "looked at 1,204 files, nothing new"),
        (state(unsettled=2), "looked at 1,204 files, nothing new; 2 still being written"),
        (state(3, listed=1), "looked at 1 file, 3 new"),
        (state(resume_after="/x"), "looked at 1,204 files so far, nothing new"),
    ],
)
def test_the_reason_says_what_was_seen(seen: LandingState, sentence: str) -> None:
    assert describe(seen) == sentence


@pytest.mark.parametrize(
    "name", ["a" * 100_000, "ü" * 100_000, '"\\' * 50_000, "\U0001f600" * 9999, "\udcff" * 9999]
)
def test_a_cursor_stays_below_four_kilobytes(name: str) -> None:
    cursor = SourceCursor("x" * 60, 10**6, "9" * 60, name)
    stored = cursor.to_json()
    assert len(stored.encode()) < 4096
    position = SourceCursor.from_json(stored).resume_after
    assert position is not None
    assert name.startswith(position)
    assert position


@pytest.mark.parametrize("stored", [None, "", "nonsense", "[1]", "7", '{"later": 1}'])
def test_a_cursor_that_cannot_be_read_starts_afresh(stored: str | None) -> None:
    assert SourceCursor.from_json(stored) == SourceCursor()


def test_a_cursor_is_kept_whole() -> None:
    cursor = SourceCursor("ledger:5", 3, "1:2:3:4", "/landing/orders/a b")
    assert SourceCursor.from_json(cursor.to_json()) == cursor
    assert json.loads(SourceCursor().to_json()) == {"attempt": 0}
