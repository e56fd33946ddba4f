"""One table's turns in a live job, and what it remembers from one to the next."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import (
    ExpectationFailedError,
    TableLockedError,
    TerminalError,
    TransientError,
)
from medallion_assets.lakehouse.materialization import FailedFile
from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.checks import failed_expectation
from medallion_assets.orchestration.live.blocking import blocking_keys, failed_checks, spelled
from medallion_assets.orchestration.live.failure import Failure, failed_again
from medallion_assets.orchestration.live.news import News
from medallion_assets.orchestration.live.reports import Event, Reports
from medallion_assets.orchestration.table_step import TableStep

if TYPE_CHECKING:
    import dagster as dg


@dataclass
class Turn:
    """A table, taken again and again.

    Args:
        table: the table.
        above: all tables it reads, directly or not, that are part of the live job.
        news: whether something is new for it.
        reports: what Dagster is told.
        step: the table's step, given how often it was tried before.
        log: the run's log.

    Attributes:
        failure: why it is not taken now, None where nothing speaks against it.
    """

    table: Table
    above: Sequence[Table]
    news: News
    reports: Reports
    step: Callable[[int], TableStep]
    log: dg.DagsterLogManager
    failure: Failure | None = field(default=None, init=False)
    _untold: bool = field(default=True, init=False)
    """What it holds may be unknown to Dagster: at first what a killed run has left."""
    _tries: int = field(default=0, init=False)
    _taken: int = field(default=0, init=False)
    _unreadable: tuple[FailedFile, ...] = field(default=(), init=False)
    _hindrance: str = field(default="", init=False)

    def __post_init__(self) -> None:
        self._blocking = blocking_keys(self.above)

    def wants(self, now: float) -> bool:
        """Whether it is to be taken in this round.

        Args:
            now: by a clock that only goes forward.
        """
        try:
            waiting = self.news.waiting()
        except Exception as error:  # noqa: BLE001 - one source that can't be looked at
            if self.failure is None or self.failure.is_over(None, now):
                self._fail(error, None)
            return False
        if self.failure is not None:
            return self.failure.is_over(self.news.mark, now)
        return waiting or self._untold

    def take(self) -> Iterator[Event]:
        """Take what is new, and tell what came of it; an error is told, and ends nothing."""
        blocked = failed_checks(self.reports.instance, self._blocking)
        if blocked:
            self._hinder(f"waits for {spelled(blocked)}, which failed and blocks it")
            return
        mark = self.news.mark
        try:
            yield from self._taken_and_told()
        except TableLockedError as error:
            self._hinder(f"waits for its turn: {error}")
        except ExpectationFailedError as error:
            self.reports.judged(failed_expectation(self.table, error))
            yield from self._failed(error, mark)
        except Exception as error:  # noqa: BLE001 - the other tables go on
            yield from self._failed(error, mark)
        else:
            self._recover()

    @property
    def has_taken(self) -> int:
        """How often it has taken something."""
        return self._taken

    def _taken_and_told(self) -> Iterator[Event]:
        step = self.step(self._tries)
        self._tries += 1
        inputs = self.reports.inputs()
        outcome = step.take()
        self.news.taken()
        unreadable = outcome.files.failed if outcome.files else ()
        if outcome.batches:
            self._taken += 1
        if not (outcome.batches or self._untold or unreadable != self._unreadable):
            return
        self._untold = True
        if step.report_source(outcome):
            inputs |= self.reports.source_inputs()
        for event in step.events(outcome):
            yield from self.reports.told(event, inputs)
        self._untold, self._unreadable = False, unreadable

    def _failed(self, error: Exception, mark: object) -> Iterator[Event]:
        was_terminal = self.failure is not None and self.failure.is_terminal
        self._fail(error, mark)
        if self.failure is not None and self.failure.is_terminal and not was_terminal:
            yield self.reports.failed(error)

    def _fail(self, error: Exception, mark: object) -> None:
        is_terminal = isinstance(error, TerminalError)
        now = time.monotonic()
        self.failure = failed_again(self.failure, is_terminal=is_terminal, mark=mark, now=now)
        reason = str(error) or type(error).__name__
        if not isinstance(error, (TerminalError, TransientError)):
            # Spark's own errors go on with plans and stack traces.
            reason = f"{type(error).__name__}: {reason.partition(chr(10))[0]}"
            self.log.debug("%s: the whole error", self.table.full_name, exc_info=error)
        then = (
            "tried again when something has changed, or after a long pause"
            if self.failure.is_terminal
            else "tried again after a pause"
        )
        tell = self.log.error if self.failure.is_terminal else self.log.warning
        tell("%s failed, and what is downstream waits: %s (%s)", self.table.full_name, reason, then)

    def _hinder(self, reason: str) -> None:
        """Say once why it is not taken."""
        if reason != self._hindrance:
            self.log.info("%s %s", self.table.full_name, reason)
            self._hindrance = reason

    def _recover(self) -> None:
        if self.failure is not None or self._hindrance:
            self.log.info("%s goes on", self.table.full_name)
        self.failure, self._hindrance = None, ""
