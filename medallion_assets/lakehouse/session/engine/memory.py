"""How much an engine has grown, and when that is too much."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

FULLEST_HEAP = 0.6
"""Of the heap, in use after a collection with no run attached: what is left is a leak."""
BESIDE_THE_HEAP = 1 << 30
"""For code, classes and buffers; thirty runs took half of it."""


@dataclass(frozen=True)
class Memory:
    """What a JVM holds, in bytes.

    Args:
        used: of its heap.
        heap: what it may hold at most.
        resident: of the whole process, None where the system can't say.
    """

    used: int
    heap: int
    resident: int | None

    def excess(self) -> str | None:
        """In what it has grown too large, None where it has not."""
        if self.used > self.heap * FULLEST_HEAP:
            return f"{self.used >> 20} MB of its heap of {self.heap >> 20} MB don't come free"
        if self.resident is not None and self.resident > self.heap + BESIDE_THE_HEAP:
            return f"its process holds {self.resident >> 20} MB for a heap of {self.heap >> 20} MB"
        return None


def resident_bytes(process: int) -> int | None:
    """The memory of a process, None where the system can't say."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text())
        return int(found.group(1)) * 1024 if found else None
    shown = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(process)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return int(shown) * 1024 if shown.isdigit() else None
