"""Whether a landing directory wants a run: a pure decision over what was seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medallion_assets.lakehouse.autoloader.landing import LandingState
from medallion_assets.orchestration.landing_cursor import LandingCursor

FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True)
class FinishedRun:
    """The last run of a source that has ended."""

    run_id: str
    succeeded: bool
    ended: float


@dataclass(frozen=True)
class Decision:
    """What a tick does.

    Attributes:
        reason: what was seen and why that means a run or none.
        cursor: what to remember.
        run_key: the key of the run to request, None for no run.
    """

    reason: str
    cursor: LandingCursor
    run_key: str | None = None


def pause_seconds(attempt: int) -> float:
    """How long to wait after a run that did not help; doubles from 30 s up to an hour."""
    # The exponent is bounded so that a year of attempts does not make a huge number.
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 16), LONGEST_PAUSE_SECONDS))


def decide(
    source: str,
    state: LandingState,
    cursor: LandingCursor,
    last_run: FinishedRun | None,
    now: float,
) -> Decision:
    """Decide whether to request a run; none of the source is queued or running.

    New files want a run. So does a run that failed, with or without new files, since it may have
    failed downstream of bronze. The same request is not made twice at once: a run that ended and
    left the ledger as it was, or failed, is tried again after a pause that grows.

    Args:
        source: the landing directory's name.
        state: what was seen there.
        cursor: what was remembered.
        last_run: the last run of the source that has ended.
        now: seconds since the epoch.
    """
    seen = describe(state)
    cursor = replace(cursor, resume_after=state.resume_after)
    failed = last_run is not None and not last_run.succeeded
    if not state.new_files and not failed:
        return Decision(seen, cursor)
    repeated = last_run is not None and cursor.ledger_version == state.ledger_version
    if last_run is None or not (failed or repeated):
        return _request(source, state, replace(cursor, attempt=0), seen)
    due = last_run.ended + pause_seconds(cursor.attempt)
    outcome = "succeeded and took nothing" if last_run.succeeded else "failed"
    if now < due:
        return Decision(
            f"{seen}; run {last_run.run_id[:8]} {outcome}, next attempt in {due - now:.0f} s",
            cursor,
        )
    reason = f"{seen}; run {last_run.run_id[:8]} {outcome}"
    return _request(source, state, replace(cursor, attempt=cursor.attempt + 1), reason)


def describe(state: LandingState) -> str:
    """What a look saw, as a sentence."""
    so_far = " so far" if state.resume_after is not None else ""
    parts = [f"looked at {state.listed:,} {_files(state.listed)}{so_far}"]
    parts[0] += f", {state.new_files:,} new" if state.new_files else ", nothing new"
    if state.unsettled:
        parts.append(f"{state.unsettled:,} still being written")
    if state.failed_files:
        parts.append(f"{state.failed_files:,} could not be read")
    return "; ".join(parts)


def _request(source: str, state: LandingState, cursor: LandingCursor, reason: str) -> Decision:
    return Decision(
        reason=reason,
        cursor=replace(cursor, ledger_version=state.ledger_version),
        run_key=f"{source}:{state.ledger_version}:{cursor.attempt}",
    )


def _files(count: int) -> str:
    return "file" if count == 1 else "files"
