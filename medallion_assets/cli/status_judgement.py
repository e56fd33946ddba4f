"""What of a table needs attention, and what is worth a warning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.cli.quantities import counted

if TYPE_CHECKING:
    from medallion_assets.lakehouse.status import TableStatus
    from medallion_assets.orchestration.check_states import CheckStates


@dataclass(frozen=True)
class TableReport:
    """One table, and what its checks said last.

    Attributes:
        status: what the lake tells.
        checks: what Dagster's instance tells; None where nothing is known.
    """

    status: TableStatus
    checks: CheckStates | None

    @property
    def attention(self) -> tuple[str, ...]:
        """What somebody should look at, a sentence each."""
        found = [f"check {name} failed" for name in (self.checks.failed if self.checks else ())]
        backlog = self.status.backlog
        if backlog is not None and backlog.failed_files:
            files = counted(backlog.failed_files, "file")
            found.append(f"{files} could not be read; check files_failed names them")
        if backlog is not None and backlog.lost:
            found.append(f"events are gone before they were read: {'; '.join(backlog.lost)}")
        return tuple(found)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What may be well as it is, a sentence each."""
        found = [
            f"check {name} failed, as a warning"
            for name in (self.checks.warned if self.checks else ())
        ]
        backlog = self.status.backlog
        if backlog is not None and backlog.waiting:
            what = "event" if backlog.events else "file"
            found.append(f"{counted(backlog.waiting, what)} not taken yet")
        found += [
            f"{counted(other.behind, 'version')} of {other.table.replace('.', '/', 1)} not read yet"
            for other in self.status.unread
            if other.behind
        ]
        return tuple(found)
