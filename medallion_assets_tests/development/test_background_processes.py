from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest

from development.services import processes
from development.services.errors import ServiceFailedError
from development.services.processes import BackgroundProcess


def sleeper(directory: Path) -> BackgroundProcess:
    process = BackgroundProcess("A sleeper", directory)
    process.start(["sleep", "60"], lambda: True, 5)
    return process


@pytest.fixture(params=["/proc", "/nowhere"])
def any_system(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Linux, and as on a system that has no /proc."""
    monkeypatch.setattr(processes, "_PROC", Path(request.param))


def test_a_foreign_process_with_a_reused_pid_is_left_alone(
    tmp_path: Path, any_system: None
) -> None:
    ours = sleeper(tmp_path)
    kept = json.loads((tmp_path / "pid").read_text())
    assert ours.stop()
    # The system counts a start in hundredths of a second.
    time.sleep(0.02)
    with subprocess.Popen(["sleep", "60"]) as foreign:
        (tmp_path / "pid").write_text(json.dumps({**kept, "pid": foreign.pid}))
        assert not ours.stop()
        ours.kill()
        assert foreign.poll() is None
        foreign.kill()


def test_one_that_is_started_by_a_process_without_an_ear_has_one(tmp_path: Path) -> None:
    held = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert sleeper(tmp_path).stop(seconds=5)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, held)


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    deaf = BackgroundProcess("A deaf one", tmp_path)
    deaf.start(
        ["sh", "-c", "trap '' TERM; echo up; exec sleep 60"],
        lambda: "up" in deaf.log.read_text(),
        5,
    )
    assert not deaf.stop(seconds=0.2)
    assert deaf.identity is None


def test_one_that_does_not_start_tells_its_log(tmp_path: Path) -> None:
    broken = BackgroundProcess("A broken one", tmp_path)
    with pytest.raises(ServiceFailedError, match=r"A broken one ended(.|\n)*no such option"):
        broken.start(["sh", "-c", "echo no such option; exit 1"], lambda: False, 5)
    slow = BackgroundProcess("A slow one", tmp_path)
    with pytest.raises(ServiceFailedError, match="not ready after"):
        slow.start(["sleep", "60"], lambda: False, 0.1)
    assert slow.identity is None
