"""How much of a source a run has left behind."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from medallion_assets.lakehouse.quality.table_checks.check import Looked, TableCheck, Verdict


@dataclass(frozen=True)
class BacklogAtMost(TableCheck):
    """A run leaves little of its source behind.

    Args:
        files: of a landing directory, discovered and not taken.
        events: of topics.
        age: of the oldest unread event.
    """

    files: int = 0
    events: int = 0
    age: timedelta | None = None

    def default_name(self) -> str:
        """`backlog`."""
        return "backlog"

    @property
    def description(self) -> str:
        """One sentence."""
        age = f", none older than {self.age}" if self.age is not None else ""
        return f"A run leaves at most {self.files} files or {self.events} events behind{age}."

    def verdict(self, looked: Looked) -> Verdict:
        """Compare what the run left with what is allowed."""
        files, events = looked.outcome.files, looked.outcome.events
        left_files = files.backlog_files if files else 0
        left_events = events.backlog if events else 0
        oldest = events.oldest_unread_seconds if events else None
        numbers: dict[str, int | float | str] = {"files": left_files, "events": left_events}
        if oldest is not None:
            numbers["oldest_seconds"] = round(oldest, 1)
        old = self.age is not None and oldest is not None and oldest > self.age.total_seconds()
        return Verdict(
            passed=left_files <= self.files and left_events <= self.events and not old,
            numbers=numbers,
        )
