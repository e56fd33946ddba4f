"""What a landing directory holds that its table does not: one look, without Spark."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import (
    DirectoryListing,
    Selection,
    Settling,
    look_through,
)
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
        oldest_new_age_seconds: age of the oldest of them, None where there is none.
        ledger_version: the version of the ledger that was compared with.
        failed_files: files in the ledger that could not be read, and what this look could not
            look at.
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
    known = ledger.known(by_version=options.allow_overwrites)
    now = time.time()
    selection, settling = Selection.of(options), Settling(options.settle_seconds)
    listing = DirectoryListing(
        directory,
        selection,
        resume_after=resume_after or "",
        deadline=time.monotonic() + budget_seconds,
    )
    listed = new_files = new_bytes = unsettled = unreadable = 0
    times: list[float] = []
    for looked in look_through(listing, known, selection):
        listed += looked.listed
        unreadable += len(looked.unreadable)
        whole = [file for file in looked.new if not settling.is_young(file, now)]
        unsettled += len(looked.new) - len(whole)
        new_files += len(whole)
        new_bytes += sum(file.size for file in whole)
        if whole:
            times.append(min(file.modified_ns for file in whole) / 1e9)
    waiting = ledger.backlog(ledger.last_commit())
    if waiting.oldest is not None:
        times.append(waiting.oldest.timestamp())
    return LandingState(
        listed=listed,
        new_files=new_files + waiting.files,
        new_bytes=new_bytes + waiting.bytes,
        unsettled=unsettled,
        oldest_new_age_seconds=now - min(times) if times else None,
        ledger_version=str(version) if version else "none",
        failed_files=len(ledger.failures()) + unreadable + len(listing.unreadable),
        resume_after=listing.stopped_before,
    )
