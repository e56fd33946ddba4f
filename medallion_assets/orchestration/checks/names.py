"""The checks that tables have by themselves."""

from __future__ import annotations

ROWS_CONSERVED = "rows_conserved"
RESCUED_ROWS = "rescued_rows"
CORRUPT_ROWS = "corrupt_rows"
FILES_FAILED = "files_failed"
EVENTS_LOST = "events_lost"
LATE_ROWS = "late_rows"
