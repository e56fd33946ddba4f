"""What this process holds of the engine it is attached to."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from medallion_assets.lakehouse.session.connection import forget_jvm

_LOOPBACK = "127.0.0.1"
_CONNECT_SECONDS = 2.0
_GONE_SECONDS = 10.0
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Attachment:
    """A connection to the engine, which lasts as long as this process uses it.

    Args:
        line: closed by the kernel when this process ends, however it ends.
        port: of the gateway that is ours alone.
        process: of the engine.
        java: the process of its JVM.
        since: when it was started.
        tag: of all jobs of this process.
    """

    line: socket.socket
    port: int
    process: int
    java: int
    since: float
    tag: str

    @classmethod
    def of(cls, line: socket.socket, answer: dict[str, Any]) -> Attachment:
        """What the engine said when we attached."""
        # From here on it is only looked at, never waited for.
        line.setblocking(False)
        return cls(
            line,
            int(answer["port"]),
            int(answer["process"]),
            int(answer["java"]),
            float(answer["since"]),
            str(answer["tag"]),
        )

    def has_ended(self) -> bool:
        """Whether the engine or its JVM is gone."""
        try:
            if not self.line.recv(1, socket.MSG_PEEK):
                return True
        except BlockingIOError:
            pass
        except OSError:
            return True
        try:
            socket.create_connection((_LOOPBACK, self.port), _CONNECT_SECONDS).close()
        except OSError:
            return True
        return False

    def wait_until_gone(self) -> None:
        """Wait, for a while, until a JVM that is ending can't write any more."""
        deadline = time.monotonic() + _GONE_SECONDS
        with suppress(ProcessLookupError, PermissionError):
            while time.monotonic() < deadline:
                os.kill(self.java, 0)
                time.sleep(_LOOK_SECONDS)


_current: Attachment | None = None


def current() -> Attachment | None:
    """The attachment of this process."""
    return _current


def keep(attachment: Attachment) -> None:
    """Make it the attachment of this process."""
    global _current  # noqa: PLW0603 - one a process, as PySpark's own context is
    _current = attachment


def release() -> None:
    """Leave the engine, which then ends whatever we still have going on there.

    PySpark forgets its gateway, context and session: the next call starts or attaches anew.
    """
    global _current
    left, _current = _current, None
    if left is None:
        return
    forget_jvm()
    left.line.close()
