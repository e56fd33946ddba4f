"""Delta tables that were opened before, as long as nothing was added to their logs.

A run asks a table's log some ten times, and each time it was read from its beginning: 1.5 ms for
a small table, more with many commits or files. While the log's directory is as it was, so is the
table.
"""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from deltalake import DeltaTable

_KEPT = 8
"""A table, its sources and its side tables; one with many files takes memory."""
_SETTLED_NS = 2_000_000_000
"""Two commits may come within one tick of a file system's clock, and the second would not show: a
log is known again only if its last change was older than this when it was read."""


@dataclass(frozen=True)
class _LogState:
    """What tells one state of a log's directory from another."""

    device: int
    inode: int
    changed_ns: int

    @classmethod
    def of(cls, table: Path) -> _LogState | None:
        """That of a table; None where there is none."""
        try:
            found = os.stat(table / "_delta_log")
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cls(found.st_dev, found.st_ino, found.st_mtime_ns)


_lock = threading.Lock()
_opened: OrderedDict[Path, tuple[_LogState, DeltaTable]] = OrderedDict()


def opened_table(path: Path) -> DeltaTable:
    """The newest version of the table at a path, to be read only.

    Raises:
        TableNotFoundError: there is none.
        DeltaError: its log can't be read.
    """
    # Before the log is read: what is added meanwhile shows the next time.
    now, state = time.time_ns(), _LogState.of(path)
    with _lock:
        known = _opened.pop(path, None)
        if known is not None and known[0] == state:
            _opened[path] = known
            return known[1]
    table = DeltaTable(path)
    if state is not None and now - state.changed_ns > _SETTLED_NS:
        with _lock:
            _opened[path] = (state, table)
            if len(_opened) > _KEPT:
                _opened.popitem(last=False)
    return table
