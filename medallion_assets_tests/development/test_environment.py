from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from development import environment

PROJECT = Path(__file__).resolve().parents[2]

# An interpreter that answers as an old one, or as one without its venv module.
INTERPRETER = """#!/bin/sh
echo {version}
[ -z "{problem}" ] || {{ echo "ModuleNotFoundError: {problem}" >&2; exit 1; }}
"""


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def put_python(folder: Path, name: str, version: str, problem: str = "") -> Path:
    path = folder / name
    path.write_text(INTERPRETER.format(version=version, problem=problem))
    path.chmod(0o755)
    return path


def test_an_old_python_can_read_it() -> None:
    source = (PROJECT / "development" / "environment.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__ import annotations" not in source, "Python 3.6 does not know it"


def test_an_old_python_is_refused_with_the_fix(only_path: Path) -> None:
    put_python(only_path, "python3", "3.9")
    with pytest.raises(environment.EnvironmentUnusableError) as refused:
        environment.choose_python("python3")
    assert str(refused.value).startswith("python3 is Python 3.9, and no Python 3.10 to 3.13")
    assert "apt-get install" in str(refused.value)


def test_a_newer_python_beside_an_old_one_is_taken(only_path: Path) -> None:
    put_python(only_path, "python3", "3.9")
    newer = put_python(only_path, "python3.12", "3.12")
    assert environment.choose_python("python3") == str(newer)


def test_a_python_that_is_too_new_is_refused(only_path: Path) -> None:
    put_python(only_path, "python3", "3.14")
    with pytest.raises(environment.EnvironmentUnusableError, match=r"python3 is Python 3\.14"):
        environment.choose_python("python3")


def test_a_python_without_venv_names_its_package(only_path: Path) -> None:
    put_python(only_path, "python3", "3.11", "No module named 'ensurepip'")
    with pytest.raises(
        environment.EnvironmentUnusableError, match=r"apt-get install python3\.11-venv"
    ):
        environment.choose_python("python3")


@pytest.mark.parametrize(
    ("printed", "told"),
    [
        (
            ["WARNING: Retrying after connection broken by 'NewConnectionError'"],
            "check the network",
        ),
        (["ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE."], "locked"),
        (["OSError: [Errno 28] No space left on device"], "disk is full"),
        (["ERROR: No matching distribution found for x", "hint"], "No matching distribution"),
    ],
)
def test_a_failure_of_pip_is_one_sentence(printed: list[str], told: str) -> None:
    sentence = environment.install_failure(printed)
    assert told in sentence
    assert "\n" not in sentence
    assert ".venv/install.log" in sentence


def copy_of_project(tmp_path: Path) -> Path:
    copy = tmp_path / "a copy"
    (copy / "development").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "development/environment.py"):
        shutil.copy(PROJECT / name, copy / name)
    return copy


def make(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", *arguments], cwd=copy, capture_output=True, text=True, check=False
    )


def test_make_without_python_says_what_to_install(tmp_path: Path) -> None:
    answer = make(copy_of_project(tmp_path), "PYTHON=python3.99", "run")
    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0].startswith("No python3.99 on PATH: install Python 3.10")
    assert "Traceback" not in answer.stderr


@pytest.mark.process
def test_make_without_a_network_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing listens on port 9 of the loopback: an index that cannot be reached.
    for name, value in {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_CACHE_DIR": "1",
        "no_proxy": "127.0.0.1",
    }.items():
        monkeypatch.setenv(name, value)
    answer = make(copy_of_project(tmp_path), f"PYTHON={sys.executable}", "run")
    assert answer.returncode != 0
    assert answer.stderr.splitlines()[0].startswith("The packages could not be downloaded")
    assert "Traceback" not in answer.stdout + answer.stderr
