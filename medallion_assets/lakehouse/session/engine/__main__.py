"""The engine's process: started by a run or by `medallion engine start`, never by hand.

Its standard input says, as one JSON object, which settings the JVM is to have; its arguments where
it listens. It ends with 0 where another one for the same settings lives already.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from filelock import FileLock, Timeout

from medallion_assets.lakehouse.errors import MedallionError, OptionError
from medallion_assets.lakehouse.session.engine.choice import SWITCH
from medallion_assets.lakehouse.session.engine.place import Place

IDLE = "MEDALLION_ENGINE_IDLE_SECONDS"
DEFAULT_IDLE_SECONDS = 900.0

LONGEST_LOG = 1_000_000
"""In bytes; a longer one begins anew with the next engine."""

SETTINGS = {
    # A worker that stays would run a function as it was when it was first called.
    "spark.python.worker.reuse": "false",
    # Runs get their shares of the cores side by side, not one after the other.
    "spark.scheduler.mode": "FAIR",
}
"""Of a JVM that stays."""


def main() -> int:
    """Hold the JVM until it is time to end."""
    # Started by a shell's background job both would be ignored, and by its JVM too.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    place = Place(Path(sys.argv[1]), sys.argv[2])
    settings = json.load(sys.stdin)
    lock = FileLock(place.lock, timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        return 0
    os.environ[SWITCH] = "off"
    if place.log.stat().st_size > LONGEST_LOG:
        os.ftruncate(sys.stderr.fileno(), 0)
    try:
        _hold(place, {**SETTINGS, **settings})
    except MedallionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _hold(place: Place, settings: dict[str, str]) -> None:
    from medallion_assets.lakehouse.session import start_session
    from medallion_assets.lakehouse.session.engine.holder import Holder

    idle = idle_seconds(os.environ.get(IDLE))
    holder = Holder(start_session(**settings), place, idle)
    signal.signal(signal.SIGTERM, holder.end)
    holder.serve()


def idle_seconds(said: str | None) -> float:
    """After how long without a run an engine ends.

    Raises:
        OptionError: it is no number.
    """
    try:
        return float(said) if said else DEFAULT_IDLE_SECONDS
    except ValueError:
        raise OptionError(f"{IDLE} is {said!r}: give seconds, such as 900.") from None


if __name__ == "__main__":
    sys.exit(main())
