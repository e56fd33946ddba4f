"""Reach the engine for a run, and start it where none is there."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import IO

from medallion_assets.lakehouse.session.engine import wire
from medallion_assets.lakehouse.session.engine.place import (
    EngineUnavailableError,
    Place,
    places,
)
from medallion_assets.lakehouse.session.engine.state import State

ANSWER_SECONDS = 90.0
"""For an answer; the engine ends itself where its JVM, or what a killed run left, takes longer."""
START_SECONDS = 90.0
MOST_ENGINES = 2
"""Each holds up to 3 GB."""
_LOOK_SECONDS = 0.02
_LOST = 0

_started: dict[Place, subprocess.Popen[bytes]] = {}
"""Those of this process, which they outlive."""


def reached(place: Place, settings: Mapping[str, str], log: logging.Logger) -> socket.socket:
    """A connection to the engine, which is started where it does not run.

    Args:
        place: of the engine.
        settings: its JVM is started with.
        log: told where one is started, as that takes long.

    Raises:
        EngineUnavailableError: it can't be started or does not answer.
        OSError: the same.
    """
    found = running(place)
    if found is not None:
        return found
    log.info("starting the warm engine, which takes some 15 seconds; the next run finds it")
    make_room(place)
    deadline = time.monotonic() + START_SECONDS
    child = _started.get(place)
    if child is None or child.poll() is not None:
        child = launch(place, settings)
    while time.monotonic() < deadline:
        found = running(place)
        if found is not None:
            return found
        ended = child.poll()
        if ended == _LOST:
            # Another run starts it. Should that one fail, this one tries.
            time.sleep(0.5)
            child = launch(place, settings)
        elif ended is not None:
            raise EngineUnavailableError(f"it did not start: {_last_line(place)}")
        time.sleep(_LOOK_SECONDS)
    raise EngineUnavailableError(f"it did not start within {START_SECONDS:.0f} seconds")


def running(place: Place) -> socket.socket | None:
    """A connection to the engine, None where none runs.

    Raises:
        EngineUnavailableError: what is there is not ours.
    """
    try:
        return wire.connected(place.socket, ANSWER_SECONDS)
    except (FileNotFoundError, ConnectionError):
        return None


def launch(place: Place, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the engine's process, in a session of its own: no terminal's Ctrl-C reaches it."""
    with _log(place) as log:
        child = subprocess.Popen(
            [
                *(sys.executable, "-m", "medallion_assets.lakehouse.session.engine"),
                *(str(place.directory), place.fingerprint),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    assert child.stdin is not None
    # Not among the arguments, which any user may read: settings can hold keys.
    with suppress(BrokenPipeError), child.stdin:
        child.stdin.write(json.dumps(dict(settings)).encode())
    _started[place] = child
    return child


def make_room(place: Place) -> None:
    """Ask the engine that is idle for longest to end, where there are as many as there may be.

    Raises:
        EngineUnavailableError: all of them are in use.
    """
    idle: list[tuple[float, Place]] = []
    others = 0
    for other in places(place.directory):
        state = state_of(other) if other != place else None
        if state is not None:
            others += 1
            if state.idle_since is not None:
                idle.append((state.idle_since, other))
    if others < MOST_ENGINES:
        return
    if not idle:
        raise EngineUnavailableError(f"{others} engines with other settings are in use")
    _, longest = min(idle, key=lambda found: found[0])
    stop(longest, force=False)


def state_of(place: Place) -> State | None:
    """What an engine says of itself, None where it has ended.

    Raises:
        EngineUnavailableError: what is there is no engine of ours.
    """
    connection = running(place)
    if connection is None:
        return None
    with connection, suppress(ConnectionError):
        return State.of(wire.ask(connection, "status"))
    return None


def stop(place: Place, *, force: bool) -> bool:
    """Ask an engine to end, and wait until it listens no more.

    Args:
        place: of the engine.
        force: also where runs are using it, which then fail.

    Returns:
        Whether there was one.

    Raises:
        EngineUnavailableError: runs are using it.
    """
    connection = running(place)
    if connection is None:
        return False
    with connection, suppress(ConnectionError, TimeoutError):
        wire.ask(connection, "stop", force=force)
        # Closed by the other side when it ends.
        connection.recv(1)
    return True


def _log(place: Place) -> IO[bytes]:
    descriptor = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    return os.fdopen(descriptor, "ab")


def _last_line(place: Place) -> str:
    lines = [line for line in place.log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"it said nothing in {place.log}"
