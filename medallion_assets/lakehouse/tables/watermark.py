"""How long a stream waits for rows that come late."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medallion_assets.lakehouse.errors import DeclarationError

_DELAY = re.compile(
    r"(\s*\d+\s*(milliseconds?|seconds?|minutes?|hours?|days?|weeks?)\s*)+\Z", re.IGNORECASE
)


@dataclass(frozen=True)
class Watermark:
    """The watermark of a stream, as Structured Streaming defines it.

    Spark takes a row whose time is not after the watermark out of joins, windows and deduplication.
    Such a late row is kept in the table `<name>_late`, and so is a row without event time, which
    can't be placed. The slowest stream of a table decides its watermark.

    Args:
        event_time: the streamed table's column that says when the row's event happened.
        delay: how much older than the newest event a row may be when it comes.
        late_by: the SQL expression of the time until which a row counts, where that is not its
            event time: of a windowed count the window's end, `window(at, '10 minutes').end`.
        where: a SQL condition; other rows are left out before the transform, and are never late.

    Raises:
        DeclarationError: the delay is not an interval.
    """

    event_time: str
    delay: str
    late_by: str | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        if not _DELAY.match(self.delay):
            raise DeclarationError(
                f"Watermark of {self.event_time}: {self.delay!r} is no delay. Give a number and a "
                "unit, as in '10 minutes'."
            )
