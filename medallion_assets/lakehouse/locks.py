"""One writer a table: a lock that says who holds it and dies with its holder.

The operating system's file lock is released when the holding process ends, however it ends, so
there is no stale lock to take over and no heartbeat to miss.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from medallion_assets.lakehouse.errors import TableLockedError


@contextmanager
def hold(path: Path, name: str, owner: str, wait_seconds: float = 0.0) -> Iterator[None]:
    """Hold the lock of a table or stream while the block runs.

    Args:
        path: the lock file; made where it is missing, never deleted.
        name: what is locked, for the message.
        owner: who holds it, for the next one's message: a run id.
        wait_seconds: how long to wait for another holder.

    Raises:
        TableLockedError: another run still holds it; names that run, its process and since when.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=wait_seconds)
    holder = path.with_suffix(".holder.json")
    try:
        lock.acquire()
    except Timeout:
        raise TableLockedError(
            f"{name} is being written by {_describe(holder)}. "
            "One run at a time writes a table: try again when that one has ended."
        ) from None
    try:
        holder.write_text(
            json.dumps({"owner": owner, "process": os.getpid(), "since": time.time()})
        )
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        held = json.loads(holder.read_text())
        since = time.strftime("%H:%M:%S", time.gmtime(held["since"]))
        return f"{held['owner']} (process {held['process']}, since {since} UTC)"
    except (OSError, ValueError, KeyError):
        return "another process"
