"""The ports of the test bench, all on the loopback."""

from __future__ import annotations

import json
import random
import socket
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from development.services.errors import PortTakenError

HOST = "127.0.0.1"
# Below what systems give to outgoing connections: a client that keeps knocking at the port of a
# stopped server could be given this very port, and the server would find it taken.
_FREE = range(20000, 32000)


@dataclass(frozen=True)
class Ports:
    """One port a listener; the defaults are those of `make services`."""

    broker: int = 19092
    controller: int = 19093
    broker_sasl: int = 19094
    database: int = 15432
    connect: int = 18083

    @classmethod
    def free(cls) -> Ports:
        """Ports on which nothing listens now."""
        with ExitStack() as held:
            found: list[int] = []
            for port in random.sample(_FREE, len(_FREE)):
                try:
                    held.enter_context(_listening(port))
                except OSError:
                    continue
                found.append(port)
                if len(found) == len(fields(cls)):
                    break
        return cls(*found)

    @classmethod
    def read(cls, path: Path) -> Ports:
        """The ports that were written to a file."""
        return cls(**json.loads(path.read_text()))

    def write(self, path: Path) -> None:
        """Keep the ports in a file."""
        path.write_text(json.dumps(asdict(self)))


def require_free(port: int, needed_by: str) -> None:
    """Check that a service will be able to listen on its port.

    Raises:
        PortTakenError: another program listens there.
    """
    try:
        _listening(port).close()
    except OSError as error:
        raise PortTakenError(
            f"Port {port} of {HOST}, which {needed_by} needs, is taken ({error.strerror}). End the "
            f"program that listens there (ss -ltnp 'sport = :{port}' names it), or use other ports."
        ) from None


def answers(port: int) -> bool:
    """Whether something accepts connections on a port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _listening(port: int) -> socket.socket:
    server = socket.socket()
    try:
        # As servers do: connections that have just ended do not count.
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HOST, port))
        server.listen()
    except OSError:
        server.close()
        raise
    return server
