"""`medallion ui` as a person starts it: webserver, daemon, code server, and the runs they start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.driver_process import SHORT_LIVED

_MEDALLION = ("-m", "medallion_assets.cli")
_START_SECONDS = 180
_COMMAND_SECONDS = 400
_END_SECONDS = 30


@dataclass(frozen=True)
class Home:
    """A lake, landing directories and a Dagster instance of one's own.

    Attributes:
        root: the directory that holds all three.
    """

    root: Path

    @property
    def lake(self) -> Lake:
        """Where the tables and the landing directories are."""
        return Lake(self.root / "lake", self.root / "landing")

    @property
    def dagster(self) -> Path:
        """The instance's home."""
        return self.root / "dagster"

    @property
    def log(self) -> Path:
        """What the commands and servers have printed."""
        return self.root / "output.log"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a process that works here."""
        return {
            **os.environ,
            **SHORT_LIVED,
            "MEDALLION_LAKE": str(self.lake.root),
            "MEDALLION_LANDING": str(self.lake.landing),
            "DAGSTER_HOME": str(self.dagster),
        }

    def python(self, *arguments: str) -> None:
        """Run a Python program here to its end.

        Raises:
            AssertionError: it failed; the message has what it printed.
        """
        with self.log.open("a") as output:
            done = subprocess.run(
                [sys.executable, *arguments],
                env=self.environment,
                stdout=output,
                stderr=output,
                timeout=_COMMAND_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(arguments)} failed:\n{self.log.read_text()}")

    def medallion(self, *arguments: str) -> None:
        """Run a command of the project here to its end.

        Raises:
            AssertionError: it failed; the message has what it printed.
        """
        self.python(*_MEDALLION, *arguments)


@contextmanager
def running_ui(home: Home) -> Iterator[str]:
    """The UI with its daemon and sensors; every process of it ends with the block.

    Yields:
        The URL it answers at.

    Raises:
        AssertionError: it did not start to answer; the message has what it printed.
    """
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with home.log.open("a") as output:
        server = subprocess.Popen(
            [sys.executable, *_MEDALLION, "ui", "--port", str(port)],
            env=home.environment,
            stdout=output,
            stderr=output,
            # A process group of its own, so that the whole of it can be ended.
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(server, url, home)
        yield url
    finally:
        _end(server)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait_until_it_answers(server: subprocess.Popen[bytes], url: str, home: Home) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if _answers(url):
            return
        time.sleep(0.5)
    raise AssertionError(f"{url} does not answer:\n{home.log.read_text()}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/server_info", timeout=10):
            return True
    except OSError:
        return False


def _end(server: subprocess.Popen[bytes]) -> None:
    """End the server as Ctrl-C does, then whatever is left of its group and its descendants."""
    family = _family(server.pid)
    _signal_group(server.pid, signal.SIGINT)
    psutil.wait_procs(family, timeout=_END_SECONDS)
    _signal_group(server.pid, signal.SIGKILL)
    for process in family:
        # psutil knows a process by its start as well: never another one with the same number.
        if process.is_running():
            process.kill()
    server.wait(timeout=_END_SECONDS)


def _family(pid: int) -> list[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _signal_group(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return
