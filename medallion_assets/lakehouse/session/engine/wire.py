"""What a run and an engine say to each other: one line of JSON each way."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path
from typing import Any

from medallion_assets.lakehouse.session.engine.place import (
    EngineUnavailableError,
    check_private,
)

_LONGEST = 1 << 20


def connected(path: Path, seconds: float) -> socket.socket:
    """A connection to the engine that listens there.

    Args:
        path: of its socket.
        seconds: how long a call on the connection may take.

    Raises:
        FileNotFoundError: none was started.
        ConnectionError: it has ended.
        EngineUnavailableError: it is not ours.
    """
    check_private(path.parent)
    check_private(path)
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.settimeout(seconds)
        connection.connect(str(path))
    except BaseException:
        connection.close()
        raise
    return connection


def listening(path: Path) -> socket.socket:
    """A socket on which runs are heard; only its owner can connect.

    Raises:
        OSError: the path is too long for a socket, some 100 characters.
    """
    listener = socket.socket(socket.AF_UNIX)
    path.unlink(missing_ok=True)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    return listener


def ask(connection: socket.socket, want: str, **told: Any) -> dict[str, Any]:
    """Say what is wanted and wait for the answer.

    Raises:
        ConnectionError: the other side has ended.
        TimeoutError: it does not answer.
        EngineUnavailableError: it refuses, or what it says is no answer.
    """
    connection.sendall(line({"want": want, **told}))
    heard = b""
    while not heard.endswith(b"\n"):
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionResetError("the engine has ended")
        heard += chunk
        if len(heard) > _LONGEST:
            raise EngineUnavailableError("what listens at its address is no engine")
    answer = understood(heard)
    if answer is None:
        raise EngineUnavailableError("what listens at its address is no engine")
    if "refused" in answer:
        raise EngineUnavailableError(str(answer["refused"]))
    return answer


def line(message: dict[str, Any]) -> bytes:
    """A message as it is sent."""
    return json.dumps(message).encode() + b"\n"


def understood(heard: bytes) -> dict[str, Any] | None:
    """The message, None where it is none."""
    try:
        message = json.loads(heard)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None


def process_of(connection: socket.socket) -> int | None:
    """The process at the other end, as the kernel knows it; None where the system can't say."""
    if not hasattr(socket, "SO_PEERCRED"):
        return None
    size = struct.calcsize("3i")
    process, _, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return int(process)
