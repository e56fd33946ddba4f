"""What a landing directory holds that its table does not: one look, without Spark."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, list_files
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory


@dataclass(frozen=True)
class LandingState:
    """What one look saw.

    Attributes:
        listed: files looked at.
        new_files: files that are not in the table yet, discovered or not.
        new_bytes: their size.
        unsettled: files that may still be written and are not counted as new.
        oldest_new_age_seconds: age of the oldest new file, None where there is none.
        ledger_version: the version of the ledger that was compared with.
        failed_files: files in the ledger that could not be read.
        resume_after: where the next look goes on when the time budget ran out, else None.
    """

    listed: int
    new_files: int
    new_bytes: int
    unsettled: int
    oldest_new_age_seconds: float | None
    ledger_version: str
    failed_files: int
    resume_after: str | None


def look(
    directory: Path,
    checkpoint: Path,
    options: CloudFilesOptions,
    *,
    budget_seconds: float,
    resume_after: str | None = None,
) -> LandingState:
    """Compare a landing directory with the ledger of its stream.

    Args:
        directory: the landing directory.
        checkpoint: the stream's checkpoint, which holds the ledger.
        options: the stream's options.
        budget_seconds: how long to list before breaking off.
        resume_after: `LandingState.resume_after` of the look that was broken off.
    """
    ledger = FileLedger(ledger_directory(checkpoint))
    version = ledger.version()
    known = ledger.known()
    deadline = time.monotonic() + budget_seconds
    now = time.time()
    listed = unsettled = 0
    new: list[LandedFile] = []
    stopped: str | None = None
    parent = ""
    for file in list_files(directory, resume_after or ""):
        here = os.path.dirname(file.path)
        if here != parent and parent and time.monotonic() > deadline:
            # Only between directories: within one there is no position to go on from.
            stopped = here
            break
        parent = here
        listed += 1
        if not known.holds(file):
            if 0 <= now - file.modified_ns / 1e9 < options.settle_seconds:
                unsettled += 1
            else:
                new.append(file)
    waiting = ledger.backlog(ledger.last_commit())
    oldest = min((file.modified_ns for file in new), default=None)
    return LandingState(
        listed=listed,
        new_files=len(new) + waiting.files,
        new_bytes=sum(file.size for file in new) + waiting.bytes,
        unsettled=unsettled,
        oldest_new_age_seconds=None if oldest is None else now - oldest / 1e9,
        ledger_version=str(version) if version else "none",
        failed_files=len(ledger.failures()),
        resume_after=stopped,
    )
