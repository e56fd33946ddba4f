"""A measured program that leaves a process running, as a run with a kept engine does."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.programs.stopwatch import Stopwatch, parser

_LASTING = """
import time
while time.monotonic(): pass
"""


def main() -> None:
    """Leave one where it is told so."""
    arguments = parser(__doc__)
    arguments.add_argument("--leave", action="store_true")
    told = arguments.parse_args()
    watch = Stopwatch.of(told)
    if told.leave:
        subprocess.Popen([sys.executable, "-c", _LASTING], start_new_session=True)
    watch.lap("all")
    watch.tell()


if __name__ == "__main__":
    main()
