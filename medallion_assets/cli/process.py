"""The whole life of a process of ours: it starts with few collections and ends at once.

Taking 2,300 imported modules apart is 0.45-0.8 s of a run in which nothing is new, and collecting
among them while they are imported another 0.3 s; neither serves a process that is about to end.
"""

from __future__ import annotations

import atexit
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn, TextIO

from medallion_assets.cli import main

_COLLECTIONS = (50_000, 20, 50)
"""Thresholds of the collector: what imports make is nearly all there to stay."""
_NO_READER = 128 + signal.SIGPIPE
"""As a shell counts programs that wrote into a pipe which nobody reads any more."""


def medallion() -> NoReturn:
    """The `medallion` command as a process."""
    run_as_process(main)


def run_as_process(program: Callable[[], int | None]) -> NoReturn:
    """Run a program, and end this process with its exit code.

    Threads are waited for, atexit handlers run and output is flushed as at any end; only objects
    are not taken apart. What the program raises, an exit with an integer aside, ends the process
    as it always does.

    Args:
        program: returns its exit code, or nothing for 0.
    """
    gc.set_threshold(*_COLLECTIONS)
    try:
        code = _code_of(program)
    except BrokenPipeError:
        # It may be another pipe than that of our output.
        if not _nobody_reads():
            raise
        code = _NO_READER
    # The two steps that the interpreter has for it, in its order; neither has a public name.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    os._exit(code & 0xFF if _flush() else _NO_READER)


def _code_of(program: Callable[[], int | None]) -> int:
    try:
        code = program()
    except SystemExit as ended:
        if not isinstance(ended.code, int | None):
            # A message, which the interpreter prints.
            raise
        code = ended.code
    return code or 0


def _nobody_reads() -> bool:
    """Whether the output is a pipe, or the like, whose other end is closed."""
    output = select.poll()
    for stream in _streams():
        output.register(stream, select.POLLOUT)
    return any(found & (select.POLLERR | select.POLLHUP) for _, found in output.poll(0))


def _flush() -> bool:
    """Write what is left of the output; whether there was somebody to read it."""
    try:
        for stream in _streams():
            stream.flush()
    except BrokenPipeError:
        return False
    return True


def _streams() -> list[TextIO]:
    # One is None where the process was started without it.
    return [stream for stream in (sys.stdout, sys.stderr) if stream and not stream.closed]
