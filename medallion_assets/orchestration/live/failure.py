"""When a table that failed is tried again: a pure decision."""

from __future__ import annotations

from dataclasses import dataclass

from medallion_assets.orchestration.retries import MOST_RETRIES, pause_seconds

LONG_PAUSE_SECONDS = 600.0
"""After which a table is tried again though nothing is known to have changed: what was wrong may
have been mended where nobody looks, such as a full disk or a right to a directory."""


@dataclass(frozen=True)
class Failure:
    """The last tries of a table, none of which succeeded.

    Attributes:
        at: when the last one failed, by a clock that only goes forward.
        tries: how many there were, one after the other.
        is_terminal: whether the same try again would fail again.
        mark: how far the table and what it reads were.
    """

    at: float
    tries: int
    is_terminal: bool
    mark: object

    def is_over(self, mark: object, now: float) -> bool:
        """Whether it is time for another try.

        Args:
            mark: how far the table and what it reads are.
            now: by the same clock.
        """
        pause = float(pause_seconds(self.tries - 1))
        if self.is_terminal and mark == self.mark:
            pause = LONG_PAUSE_SECONDS
        return now - self.at >= pause


def failed_again(before: Failure | None, *, is_terminal: bool, mark: object, now: float) -> Failure:
    """What is known after a try that failed.

    Where it might help to try again, and often did not, it is taken for terminal.
    """
    tries = 1 if before is None else before.tries + 1
    return Failure(now, tries, is_terminal or tries > MOST_RETRIES, mark)
