"""A program as a process of its own, in a process group of its own, that tests end at will."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

from medallion_assets.lakehouse.session.settings import QUICK

ROOT = Path(__file__).parents[1]

SHORT_LIVED = {"SPARK_SUBMIT_OPTS": QUICK["spark.driver.extraJavaOptions"]}
"""Environment of a process whose engine ends before the optimizing compiler has paid off."""


class Driver:
    """A running program; whatever is left of its group ends with the block.

    Args:
        module: to run.
        arguments: to give it.
    """

    def __init__(self, module: str, *arguments: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, **SHORT_LIVED},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.said: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with suppress(ValueError):
            for line in self.process.stdout:
                self.lines.put(line.rstrip("\n"))

    def tell(self, line: str) -> None:
        """Write a line to its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def next_line(self, seconds: float) -> str | None:
        """What it says next, None where it says nothing in this time."""
        try:
            line = self.lines.get(timeout=seconds)
        except queue.Empty:
            return None
        self.said.append(line)
        return line

    def wait_for(self, beginning: str, seconds: float = 240) -> str:
        """The first line that begins so."""
        while (line := self.next_line(seconds)) is not None:
            if line.startswith(beginning):
                return line
        raise AssertionError(f"{beginning!r} was not said: {self.said[-30:]}")

    def kill(self, *, with_engine: bool) -> None:
        """SIGKILL to the process, or to the process and its Java engine at once."""
        if with_engine:
            os.killpg(self.process.pid, signal.SIGKILL)
        else:
            self.process.kill()
        self.process.wait()

    def __enter__(self) -> Driver:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End the whole group, and wait for the process."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def drivers() -> Iterator[list[Driver]]:
    """A list for drivers whose engines may outlive them for a moment; all end with the block."""
    started: list[Driver] = []
    try:
        yield started
    finally:
        for driver in started:
            driver.end()
