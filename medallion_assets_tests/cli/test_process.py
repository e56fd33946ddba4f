from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from medallion_assets_tests.driver_process import Driver

MEDALLION = [sys.executable, "-m", "medallion_assets.cli"]
PRELUDE = """
import atexit, gc, os, signal, sys, threading, time
from medallion_assets.cli.process import run_as_process
"""


def ended(
    program: str, *, shell: str = "", unbuffered: str = ""
) -> subprocess.CompletedProcess[str]:
    """A process whose `main` is given, at its end.

    Args:
        program: defines `main`.
        shell: what follows the command in a shell's line, such as a pipe.
        unbuffered: anything, for output that is written at once.
    """
    written = f"{PRELUDE}\n{program}\nrun_as_process(main)\n"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", f'"$0" -c "$1" {shell}', sys.executable, written],
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("body", "code", "stderr"),
    [
        ("return 3", 3, ""),
        ("return None", 0, ""),
        ("sys.exit()", 0, ""),
        ("sys.exit(4)", 4, ""),
        ("sys.exit(-1)", 255, ""),
        ("sys.exit(True)", 1, ""),
        ("sys.exit('a message')", 1, "a message\n"),
    ],
)
def test_the_exit_code_is_that_of_any_program(body: str, code: int, stderr: str) -> None:
    done = ended(f"def main():\n print('said')\n {body}", shell="| cat")
    assert (done.returncode, done.stdout, done.stderr) == (code, "said\n", stderr)


def test_a_signal_ends_it_as_any_program() -> None:
    body = "os.kill(os.getpid(), signal.SIGTERM)\n time.sleep(60)"
    done = ended(f"def main():\n {body}", shell="& wait $!")
    assert done.returncode == 128 + signal.SIGTERM


def test_an_error_is_told_with_its_trace() -> None:
    done = ended("def main():\n print('said')\n raise ValueError('unforeseen')")
    assert (done.returncode, done.stdout) == (1, "said\n")
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("ValueError: unforeseen\n")


def test_it_ends_as_an_interpreter_does_but_takes_nothing_apart() -> None:
    done = ended("""
class Left:
    def __del__(self):
        print("taken apart")

left = Left()

def last_work():
    time.sleep(0.3)
    print("thread")

def broken():
    raise ValueError("in a handler")

def main():
    threading.Thread(target=last_work).start()
    threading.Thread(target=time.sleep, args=(3600,), daemon=True).start()
    atexit.register(print, "handler")
    atexit.register(broken)
    print("main")
    return 5
""")
    assert (done.returncode, done.stdout) == (5, "main\nthread\nhandler\n")
    assert "ValueError: in a handler" in done.stderr


def test_collections_are_few() -> None:
    done = ended("def main():\n print(gc.get_threshold()[0] > 10_000, gc.isenabled())")
    assert done.stdout == "True True\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(
    "body",
    [
        "print('x' * 10)",
        "print('x' * 1_000_000, flush=True)",
        "print('x' * 10); os.close(2); sys.stderr.close()",
    ],
)
def test_nobody_who_reads_is_no_error_to_tell(body: str, unbuffered: str) -> None:
    # The reader is gone before anything is written.
    program = f"def main():\n time.sleep(0.5)\n atexit.register(os.write, 9, b'end')\n {body}"
    done = ended(program, shell="9>&2 | true", unbuffered=unbuffered)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "end")


def test_another_broken_pipe_is_an_error() -> None:
    done = ended("def main():\n r, w = os.pipe()\n os.close(r)\n os.write(w, b'x')")
    assert done.returncode == 1
    assert done.stderr.endswith("BrokenPipeError: [Errno 32] Broken pipe\n")


def test_a_full_disk_is_told() -> None:
    done = ended("def main():\n print('said')", shell=">/dev/full")
    assert done.returncode != 0
    assert "No space left on device" in done.stderr


def test_a_process_without_output_ends_well() -> None:
    done = ended("def main():\n print('said')\n return 6", shell=">&- 2>&-")
    assert (done.returncode, done.stdout, done.stderr) == (6, "", "")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--help"], 0, "A lakehouse that runs itself"),
        (["run", "--help"], 0, "usage: medallion run"),
        ([], 2, "the following arguments are required: COMMAND"),
        (["fly"], 2, "invalid choice: 'fly'"),
    ],
)
def test_the_command_line_is_explained(arguments: list[str], code: int, said: str) -> None:
    done = subprocess.run(
        [*MEDALLION, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == code
    assert said in (done.stderr if code else done.stdout)
    assert "Traceback" not in done.stderr


def test_the_installed_command_is_the_same(tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("medallion"), "rebuild", "silver/nothing"],
        env={**os.environ, "MEDALLION_LAKE": str(tmp_path / "lake")},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("medallion: ")


def test_an_interrupt_ends_the_command_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    monkeypatch.setenv("MEDALLION_LANDING", str(tmp_path / "landing"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    with Driver("medallion_assets.cli", "run") as run:
        run.wait_for("Landed the first")
        run.process.send_signal(signal.SIGINT)
        run.wait_for("medallion: interrupted", seconds=60)
        assert run.process.wait(60) == 130
