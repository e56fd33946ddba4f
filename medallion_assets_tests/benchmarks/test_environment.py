from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from benchmarks.errors import PeerUnavailableError
from benchmarks.house import PROJECT
from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.environment import Environment

pytestmark = pytest.mark.process


def _environment(directory: Path, lock: str) -> Environment:
    file = directory / "requirements.lock"
    file.write_text(lock)
    return Environment(directory / "environment", file)


def test_an_environment_is_made_once_and_kept(tmp_path: Path) -> None:
    environment = _environment(tmp_path, "# nothing\n")
    python = environment.ready()
    assert subprocess.run([python, "-c", "import json"], check=False).returncode == 0
    made = python.lstat().st_mtime_ns
    assert environment.ready().lstat().st_mtime_ns == made


def test_another_lock_file_makes_it_anew(tmp_path: Path) -> None:
    made = _environment(tmp_path, "# nothing\n").ready().lstat().st_mtime_ns
    assert _environment(tmp_path, "# nothing else\n").ready().lstat().st_mtime_ns > made


def test_one_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    environment = _environment(tmp_path, "polars ==\n")
    with pytest.raises(PeerUnavailableError, match=r"requirements\.lock failed"):
        environment.ready()
    assert not (environment.directory / "made-from").exists()


PEERS = sorted({f"peers/{one.peer}" for one in CONTENDERS if one.peer})


@pytest.mark.parametrize("folder", [*PEERS, "tpch"])
def test_a_peer_is_locked_with_hashes_and_without_hosts(folder: str) -> None:
    directory = PROJECT / "benchmarks" / folder
    lock = (directory / "requirements.lock").read_text()
    asked = (directory / "requirements.in").read_text().splitlines()
    assert "--hash=sha256:" in lock
    assert "://" not in lock
    names = {re.split(r"[\[=<]", line)[0] for line in asked if not line.startswith("#")}
    assert names
    assert names <= set(re.findall(r"^([a-z][a-z-]*)", lock, re.MULTILINE))
