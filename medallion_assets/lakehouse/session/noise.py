"""Keep what a starting JVM says unasked out of the terminal.

Spark's launcher adds an incubator module, and the JVM announces it before any log setting is read.
The JVM's stderr goes through a pipe that leaves out just those lines; all else passes at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_UNASKED = (b"WARNING: Using incubator modules", b"Picked up JAVA_TOOL_OPTIONS")


@contextmanager
def filtered_stderr() -> Iterator[None]:
    """Give processes started in the block a stderr without the lines nobody asked for."""
    terminal = os.dup(2)
    reading, writing = os.pipe()
    threading.Thread(
        target=_forward, args=(reading, terminal), name="jvm-stderr", daemon=True
    ).start()
    kept = os.dup(2)
    os.dup2(writing, 2)
    os.close(writing)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _forward(reading: int, terminal: int) -> None:
    with os.fdopen(reading, "rb", buffering=0) as source, os.fdopen(terminal, "wb", 0) as target:
        rest = b""
        while chunk := source.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if not line.startswith(_UNASKED):
                    target.write(line + b"\n")
        target.write(rest)
