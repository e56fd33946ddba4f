"""Which errors are worth another try, and after how long."""

from __future__ import annotations

import dagster as dg

from medallion_assets.lakehouse.errors import TerminalError
from medallion_assets.lakehouse.tables import Table

MOST_RETRIES = 5
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 60


def pause_seconds(retry_number: int) -> int:
    """The pause before a retry; doubles each time, up to a minute."""
    return int(min(FIRST_PAUSE_SECONDS * 2**retry_number, LONGEST_PAUSE_SECONDS))


def retry_of(retry_number: int) -> dg.RetryRequested:
    """Ask for another try of a step that can succeed without anybody changing anything."""
    return dg.RetryRequested(max_retries=MOST_RETRIES, seconds_to_wait=pause_seconds(retry_number))


def terminal_failure(table: Table, error: TerminalError) -> dg.Failure:
    """A failure that a retry would only repeat; its description is the engine's own message."""
    return dg.Failure(
        description=str(error),
        metadata={"table": table.full_name, "error": type(error).__name__},
        allow_retries=False,
    )
