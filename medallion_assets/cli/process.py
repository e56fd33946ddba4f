"""The whole life of a process of ours: it starts with few collections and ends at once.

Taking 2,300 imported modules apart is 0.45-0.8 s of a run in which nothing is new, and collecting
among them while they are imported another 0.3 s; neither serves a process that is about to end.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import NoReturn

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
        if _flush():
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


def _flush() -> bool:
    """Write what is left of the output; whether there is still somebody to read it."""
    for stream in (sys.stdout, sys.stderr):
        # None where the process was started without it.
        if stream is not None and not stream.closed:
            try:
                stream.flush()
            except BrokenPipeError:
                return False
    return True
