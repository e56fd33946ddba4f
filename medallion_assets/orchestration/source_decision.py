"""Whether a source wants a run: a pure decision over what was seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

from medallion_assets.orchestration.source_cursor import SourceCursor

FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True)
class Seen:
    """What a look at a source saw.

    Attributes:
        waiting: whether anything is there that the table does not have.
        taken: how far the source's stream has come.
        sentence: all of it for people.
        resume_after: where the next look goes on when the time ran out, else None.
    """

    waiting: bool
    taken: str
    sentence: str
    resume_after: str | None = None


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
    cursor: SourceCursor
    run_key: str | None = None


def pause_seconds(attempt: int) -> float:
    """How long to wait after a run that did not help; doubles from 30 s up to an hour."""
    # The exponent is bounded so that a year of attempts does not make a huge number.
    return float(min(FIRST_PAUSE_SECONDS * 2 ** min(attempt, 16), LONGEST_PAUSE_SECONDS))


@dataclass(frozen=True)
class Taking:
    """A run that takes what is new in a source, or is about to.

    Attributes:
        run_id: its id.
        job: its job.
        status: as Dagster calls it.
        is_live: whether it goes on taking what lands, until it is ended.
    """

    run_id: str
    job: str
    status: str
    is_live: bool

    @property
    def sentence(self) -> str:
        """Why no run is requested meanwhile."""
        run = f"run {self.run_id[:8]} ({self.job}) is {self.status.lower()}"
        if self.is_live:
            return f"{run}: it takes what lands, until it ends"
        return f"{run}: it takes what landed"


def decide_after_live(source: str, seen: Seen, cursor: SourceCursor, live_run: str) -> Decision:
    """Take over from a live run that has ended: one run, at once.

    Also where nothing is new, as it may have been ended between two tables, or before it had told
    of the last one. Where nothing is left to do, the run starts no JVM.

    Args:
        source: its name.
        seen: what was seen there.
        cursor: what was remembered.
        live_run: the id of the live run.
    """
    return Decision(
        reason=f"live run {live_run[:8]} has ended, a run takes over; {seen.sentence}",
        cursor=replace(cursor, taken=seen.taken, attempt=0, resume_after=seen.resume_after),
        run_key=f"{source}:after-live:{live_run}",
    )


def decide(
    source: str,
    seen: Seen,
    cursor: SourceCursor,
    last_run: FinishedRun | None,
    now: float,
) -> Decision:
    """Decide whether to request a run; none of the source is queued or running.

    What is new wants a run. So does a run that failed, with or without anything new, since it may
    have failed downstream of bronze. The same request is not made twice at once: a run that ended
    and took nothing, or failed, is tried again after a pause that grows.

    Args:
        source: its name.
        seen: what was seen there.
        cursor: what was remembered.
        last_run: the last run of the source that has ended.
        now: seconds since the epoch.
    """
    cursor = replace(cursor, resume_after=seen.resume_after)
    failed = last_run is not None and not last_run.succeeded
    if not seen.waiting and not failed:
        return Decision(seen.sentence, cursor)
    repeated = last_run is not None and cursor.taken == seen.taken
    if last_run is None or not (failed or repeated):
        return _request(source, seen, replace(cursor, attempt=0), seen.sentence)
    due = last_run.ended + pause_seconds(cursor.attempt)
    outcome = "succeeded and took nothing" if last_run.succeeded else "failed"
    reason = f"{seen.sentence}; run {last_run.run_id[:8]} {outcome}"
    if now < due:
        return Decision(f"{reason}, next attempt in {due - now:.0f} s", cursor)
    return _request(source, seen, replace(cursor, attempt=cursor.attempt + 1), reason)


def _request(source: str, seen: Seen, cursor: SourceCursor, reason: str) -> Decision:
    return Decision(
        reason=reason,
        cursor=replace(cursor, taken=seen.taken),
        run_key=f"{source}:{seen.taken}:{cursor.attempt}",
    )
