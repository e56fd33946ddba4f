"""Signal handlers survive the start of a session.

SparkContext replaces the SIGINT handler of the process. Dagster's own turns a cancelled run into
a clean interrupt; without it `awaitTermination()` ends with a misleading Py4J error.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def preserved() -> Iterator[None]:
    """Put the handlers of SIGINT and SIGTERM back after the block."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    saved = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)
