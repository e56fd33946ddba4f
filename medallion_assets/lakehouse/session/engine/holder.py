"""The process that keeps the JVM, and looks after the runs that use it."""

from __future__ import annotations

import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.session.engine import wire
from medallion_assets.lakehouse.session.engine.guest import Guest
from medallion_assets.lakehouse.session.engine.memory import Memory, resident_bytes
from medallion_assets.lakehouse.session.engine.place import Place

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LOOK_SECONDS = 1.0
ENDING_LOOK_SECONDS = 0.02
LONGEST_CALL_SECONDS = 20.0
"""For the JVM to make a session, which takes it a tenth of a second."""
LONGEST_ENDING_SECONDS = 45.0
"""For the work of a run that is gone; after it the whole engine is ended, and so the work."""


@dataclass
class Connection:
    """A connection, and who is there.

    Attributes:
        line: the socket.
        heard: what has come of a message.
        guest: the run that attached by it.
        request: what it asked for and waits for.
    """

    line: socket.socket
    heard: bytes = b""
    guest: Guest | None = None
    request: dict[str, Any] = field(default_factory=dict)

    def answer(self, **told: Any) -> None:
        """Send an answer; one that nobody waits for any more is dropped."""
        try:
            self.line.sendall(wire.line(told))
        except OSError:
            return


class Holder:
    """Serves runs until it is idle, asked to stop, or not fit any more.

    Args:
        spark: the session that keeps the JVM.
        place: where it listens.
        idle_seconds: after how long without a run it ends.
    """

    def __init__(self, spark: SparkSession, place: Place, idle_seconds: float) -> None:
        self._spark = spark
        self._place = place
        self._idle_seconds = idle_seconds
        self._java: Any = spark.sparkContext._gateway.proc  # type: ignore[union-attr]
        self._since = self._idle_since = time.time()
        self._connections: dict[int, Connection] = {}
        self._endings: dict[Guest, float] = {}
        self._excess: str | None = None
        self._stopping = False
        self._selector = selectors.DefaultSelector()
        self._listener = wire.listening(place.socket)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def serve(self) -> None:
        """Serve until it is time to end."""
        while self._goes_on():
            self._hear()
            self._settle()
        self._place.socket.unlink(missing_ok=True)
        self._listener.close()

    def end(self, *_: object) -> None:
        """End soon; also as a signal handler."""
        self._stopping = True

    def _goes_on(self) -> bool:
        if self._java.poll() is not None:
            self._die("its JVM has ended")
        busy = self._guests() or self._endings or any(c.request for c in self._all())
        if busy:
            self._idle_since = time.time()
            return not self._stopping
        idle = time.time() - self._idle_since > self._idle_seconds
        return not (self._stopping or idle or self._excess)

    def _hear(self) -> None:
        """Take what came: first who is gone, then who asks for something."""
        ready = self._selector.select(ENDING_LOOK_SECONDS if self._endings else LOOK_SECONDS)
        spoken = []
        for key, _ in ready:
            if key.fileobj is self._listener:
                self._accept()
                continue
            connection = self._connections[key.fd]
            if self._is_gone(connection):
                self._forget(connection)
            elif connection.heard.endswith(b"\n"):
                spoken.append(connection)
        for connection in spoken:
            connection.request = wire.understood(connection.heard) or {"want": "nothing"}
            connection.heard = b""

    def _settle(self) -> None:
        """Answer what can be answered, after the work of runs that are gone has ended."""
        for guest, since in list(self._endings.items()):
            if guest.has_ended:
                del self._endings[guest]
            elif time.monotonic() - since > LONGEST_ENDING_SECONDS:
                self._die("what a run that is gone had started does not end")
        for connection in self._all():
            want = connection.request.get("want")
            if want == "attach" and self._endings:
                continue
            if want is not None:
                request, connection.request = connection.request, {}
                self._serve(connection, str(want), request)

    def _serve(self, connection: Connection, want: str, request: dict[str, Any]) -> None:
        if want == "attach":
            self._attach(connection, request)
        elif want == "status":
            connection.answer(**self._status())
        elif want == "stop" and (request.get("force") or not self._guests()):
            self._stopping = True
            connection.answer(stopping=True)
        elif want == "stop":
            runs = ", ".join(str(guest.process) for guest in self._guests())
            connection.answer(refused=f"process {runs} is using it")
        else:
            connection.answer(refused=f"unknown request {want!r}")

    def _attach(self, connection: Connection, request: dict[str, Any]) -> None:
        if self._excess is not None:
            connection.answer(refused=f"it ends after the runs that use it: {self._excess}")
            return
        if self._spark.sparkContext._jsc.sc().isStopped():
            self._die("its SparkContext was stopped")
        process = wire.process_of(connection.line) or int(request.get("process", 0))
        try:
            with self._bounded("a session was not made in time"):
                guest = Guest(self._spark, request.get("settings", {}), process)
        except ValueError as error:
            connection.answer(refused=str(error))
            return
        connection.guest = guest
        connection.answer(
            **guest.address(), process=os.getpid(), java=self._java.pid, since=self._since
        )

    def _forget(self, connection: Connection) -> None:
        self._selector.unregister(connection.line)
        del self._connections[connection.line.fileno()]
        connection.line.close()
        if connection.guest is not None:
            self._endings[connection.guest] = time.monotonic()
            threading.Thread(target=self._end, args=(connection.guest,), daemon=True).start()

    def _end(self, guest: Guest) -> None:
        """End a run's work; then, with nobody there who would wait for it, collect garbage."""
        try:
            guest.end()
        except Exception as error:  # noqa: BLE001 - work that can't be ended must not go on
            self._die(f"what a run that is gone had started can't be ended: {error}")
        if not self._guests():
            self._spark._jvm.java.lang.System.gc()  # type: ignore[union-attr]
            self._excess = self._memory().excess()

    def _accept(self) -> None:
        line, _ = self._listener.accept()
        self._connections[line.fileno()] = Connection(line)
        self._selector.register(line, selectors.EVENT_READ)

    def _is_gone(self, connection: Connection) -> bool:
        try:
            chunk = connection.line.recv(65536)
        except OSError:
            return True
        connection.heard += chunk
        return not chunk

    def _status(self) -> dict[str, Any]:
        return {
            "process": os.getpid(),
            "java": self._java.pid,
            "since": self._since,
            "idle_since": None if self._guests() else self._idle_since,
            "idle_seconds": self._idle_seconds,
            "runs": [{"process": g.process, "since": g.since} for g in self._guests()],
            "memory": asdict(self._memory()),
        }

    def _memory(self) -> Memory:
        runtime = self._spark._jvm.java.lang.Runtime.getRuntime()  # type: ignore[union-attr]
        used = int(runtime.totalMemory()) - int(runtime.freeMemory())
        return Memory(used, int(runtime.maxMemory()), resident_bytes(self._java.pid))

    def _guests(self) -> list[Guest]:
        return [c.guest for c in self._all() if c.guest is not None]

    def _all(self) -> list[Connection]:
        return list(self._connections.values())

    @contextmanager
    def _bounded(self, why: str) -> Iterator[None]:
        """End everything where the block does not end in time: the JVM does not answer."""
        alarm = threading.Timer(LONGEST_CALL_SECONDS, self._die, args=(why,))
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()

    def _die(self, why: str) -> None:
        """End at once, JVM and all: nothing of it may go on to write."""
        now = time.strftime("%Y-%m-%d %H:%M:%S")
        print(f"{now} The engine ends: {why}.", file=sys.stderr, flush=True)
        self._java.kill()
        self._java.wait()
        self._place.socket.unlink(missing_ok=True)
        os._exit(1)
