"""Processes in the background that later commands find again by their pid files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from development.services.accounts import Account, popen_user
from development.services.errors import ServiceFailedError

_LOOK_AGAIN_SECONDS = 0.05
_LOG_LINES = 15
_PROC = Path("/proc")


@dataclass(frozen=True)
class Identity:
    """One process for all time: a pid is given again to others, a pid with its start is not."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of the process that has this pid now; none if it has ended."""
        if not _PROC.is_dir():
            return cls._by_clock(pid)
        try:
            # After the name, which may hold anything: the fields of proc(5) from the third on.
            fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        state, threads, started = fields[0], int(fields[17]), fields[19]
        # The first thread has ended before the others that still hold the ports.
        if state in "ZX" and threads <= 1:
            return None
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return cls(pid, f"{boot} {started}")

    @classmethod
    def _by_clock(cls, pid: int) -> Identity | None:
        """The same where the system does not count from its start: the clock may be set."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, str(process.create_time()))
        except psutil.NoSuchProcess:
            return None


@dataclass(frozen=True)
class BackgroundProcess:
    """A program that is started now and stopped by a later command.

    Attributes:
        name: in messages.
        directory: where its pid file and its log are.
        stop_signal: asks it to end by itself.
    """

    name: str
    directory: Path
    stop_signal: signal.Signals = signal.SIGTERM

    @property
    def log(self) -> Path:
        """What it has printed since its last start."""
        return self.directory / "output.log"

    @property
    def identity(self) -> Identity | None:
        """The running process that was started here, if it still runs."""
        with suppress(FileNotFoundError, ValueError, TypeError):
            kept = Identity(**json.loads(self._pid_file.read_text()))
            if Identity.of(kept.pid) == kept:
                return kept
        return None

    def start(
        self,
        command: Sequence[str],
        ready: Callable[[], bool],
        seconds: float,
        *,
        account: Account | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it and wait until it is ready; one that does not become ready is stopped again.

        Raises:
            ServiceFailedError: it ended, or was not ready in time.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log, _heeded(self.stop_signal):
            process = subprocess.Popen(
                command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
                **popen_user(account),
            )  # fmt: skip
        try:
            self._keep(process.pid)
            end = time.monotonic() + seconds
            while not ready():
                if process.poll() is not None:
                    raise ServiceFailedError(f"{self.name} ended while starting. {self._told()}")
                if time.monotonic() > end:
                    raise ServiceFailedError(
                        f"{self.name} was not ready after {seconds:.0f} s. {self._told()}"
                    )
                time.sleep(_LOOK_AGAIN_SECONDS)
        except BaseException:
            self.stop(seconds=5)
            raise

    def stop(self, seconds: float = 30) -> bool:
        """Ask it to end, and kill it if it does not.

        Returns:
            Whether it ended by itself; false too where none was running.
        """
        process = self.identity
        if process is None:
            self._pid_file.unlink(missing_ok=True)
            return False
        self._signal(process, self.stop_signal)
        ended = _wait_for_end(process, seconds)
        if not ended:
            self.kill()
        self._pid_file.unlink(missing_ok=True)
        return ended

    def kill(self, kill_signal: signal.Signals = signal.SIGKILL) -> None:
        """End it without a chance to put anything in order."""
        process = self.identity
        if process is not None:
            self._signal(process, kill_signal)
            if not _wait_for_end(process, 10):
                raise ServiceFailedError(f"{self.name} (pid {process.pid}) cannot be killed.")
        self._pid_file.unlink(missing_ok=True)

    def _keep(self, pid: int) -> None:
        identity = Identity.of(pid)
        if identity is not None:
            unfinished = self._pid_file.with_suffix(".unfinished")
            unfinished.write_text(json.dumps(asdict(identity)))
            unfinished.rename(self._pid_file)

    def _signal(self, process: Identity, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(process.pid, what)

    @property
    def _pid_file(self) -> Path:
        return self.directory / "pid"

    def _told(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-_LOG_LINES:]
        return "\n".join([f"The end of {self.log}:", *lines])


@contextmanager
def _heeded(what: signal.Signals) -> Iterator[None]:
    """Let what is started meanwhile heed a signal that this process ignores: that is inherited."""
    held = signal.getsignal(what)
    here = threading.current_thread() is threading.main_thread()
    if held is not signal.SIG_IGN or not here:
        yield
        return
    signal.signal(what, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(what, held)


def _wait_for_end(process: Identity, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while Identity.of(process.pid) == process:
        if time.monotonic() > end:
            return False
        time.sleep(_LOOK_AGAIN_SECONDS)
    # A child of this very process has to be asked for its exit code, or its entry stays.
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return True
