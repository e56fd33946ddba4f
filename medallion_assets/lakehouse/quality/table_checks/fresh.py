"""How old the newest event in a table is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from medallion_assets.lakehouse.quality.table_checks.check import Looked, TableCheck, Verdict


@dataclass(frozen=True)
class Fresh(TableCheck):
    """The newest event of the table is not too old.

    A run that finds nothing new is a run all the same: whether runs happen tells nothing of
    whether data come. Read from the statistics in the table's log, without a scan.

    Args:
        event_time: a timestamp or date column.
        within: how old its newest value may be.
    """

    event_time: str
    within: timedelta

    def default_name(self) -> str:
        """`fresh_<column>`."""
        return f"fresh_{self.event_time}"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"The newest `{self.event_time}` is at most {self.within} old."

    def verdict(self, looked: Looked) -> Verdict:
        """Compare the newest value with the clock."""
        newest = looked.log.newest(self.event_time)
        if newest is None:
            return Verdict(passed=False, numbers={"newest": "unknown: no row has one"})
        age = looked.now - newest
        return Verdict(
            passed=age <= self.within,
            numbers={
                "newest": newest.isoformat(),
                "age_seconds": round(age.total_seconds()),
                "allowed_seconds": round(self.within.total_seconds()),
            },
        )
