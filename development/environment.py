"""Make the project's environment in `.venv`, or say in one line what it lacks.

Run by the Makefile as `python3 development/environment.py runtime|dev`. Any Python 3.6 or newer can
read this file, so that a too old one is answered with a sentence instead of a syntax error.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, List, Optional, Tuple

OLDEST = (3, 10)
NEWEST = (3, 13)
LOCK_FILES = {"runtime": "requirements.lock", "dev": "requirements-dev.lock"}
# What the locked development packages contain besides their own.
CONTAINED = {"runtime": ["runtime"], "dev": ["runtime", "dev"]}
PROBE = "import sys; print('%d.%d' % sys.version_info[:2]); import venv, ensurepip"
PROGRESS_SECONDS = 10.0

PROJECT = Path(__file__).resolve().parent.parent
ENVIRONMENT = PROJECT / ".venv"
LOG = ENVIRONMENT / "install.log"


class EnvironmentUnusableError(Exception):
    """Something the environment needs is missing; the message says what, and the fix."""


def say(line: str) -> None:
    """Print one line at once, also into a pipe."""
    print(line, flush=True)


def supported(version: str) -> bool:
    """Tell whether a version such as `3.11` is one the project runs on."""
    major, minor = version.split(".")
    return OLDEST <= (int(major), int(minor)) <= NEWEST


def probe(python: str) -> Tuple[str, str]:
    """Ask an interpreter for its version and whether it can make an environment.

    Returns:
        The version (empty when it does not start) and what went wrong (empty when nothing did).
    """
    try:
        answer = subprocess.run(
            [python, "-c", PROBE],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return "", str(error)
    version = answer.stdout.strip()
    if not re.match(r"^\d+\.\d+$", version):
        return "", last_line(answer.stderr.splitlines())
    return version, last_line(answer.stderr.splitlines()) if answer.returncode else ""


def choose_python(asked: str) -> str:
    """Return the interpreter to build on: the one asked for, or the newest other one that fits.

    Raises:
        EnvironmentUnusableError: No interpreter on PATH is new enough, or the one found cannot
            make environments.
    """
    names = [asked] + ["python3.%d" % minor for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    without_venv: Optional[str] = None
    asked_version = ""
    for name in names:
        python = shutil.which(name)
        if python is None:
            continue
        if ENVIRONMENT in Path(python).parents:
            # An activated .venv cannot rebuild itself: what it was made with can.
            python = os.path.realpath(python)
        version, problem = probe(python)
        if name == asked:
            asked_version = version
        if not version or not supported(version):
            continue
        if not problem:
            return python
        without_venv = without_venv or version
    if without_venv is not None:
        raise EnvironmentUnusableError(
            "Python %s has no venv module: install it (Debian, Ubuntu: apt-get install "
            "python%s-venv) and run the command again." % (without_venv, without_venv)
        )
    raise EnvironmentUnusableError(
        "%s is Python %s, and no Python %d.%d to %d.%d is on PATH: install one (Debian, Ubuntu: "
        "apt-get install python3 python3-venv) or name one: make PYTHON=/path/to/python3"
        % (asked, asked_version or "(does not start)", *OLDEST, *NEWEST)
    )


def make_environment(python: str) -> Path:
    """Make `.venv` unless a working one is there; return its interpreter.

    Raises:
        EnvironmentUnusableError: The venv module failed.
    """
    inner = ENVIRONMENT / "bin" / "python"
    location = ENVIRONMENT / "location"
    if inner.exists() and location.exists() and location.read_text().strip() == str(PROJECT):
        version, problem = probe(str(inner))
        if version and supported(version) and not problem:
            return inner
    say("Making the environment in .venv with Python %s" % probe(python)[0])
    made = subprocess.run(
        [python, "-m", "venv", "--clear", str(ENVIRONMENT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        check=False,
    )
    if made.returncode != 0:
        raise EnvironmentUnusableError(
            "python -m venv failed (%s). On Debian or Ubuntu: apt-get install python3-venv"
            % last_line(made.stdout.splitlines())
        )
    location.write_text(str(PROJECT) + "\n")
    return inner


def last_line(lines: List[str]) -> str:
    """Return the line that says what went wrong: pip's last ERROR, or else the last line."""
    told = [line.strip() for line in lines if line.strip()]
    errors = [line for line in told if line.startswith("ERROR:")]
    return (errors or told or ["no output"])[-1][:300]


def install_failure(lines: List[str]) -> str:
    """Say in one sentence why pip failed and what to do, from what it printed."""
    text = "\n".join(lines)
    details = "details in %s" % LOG.relative_to(PROJECT)
    if "THESE PACKAGES DO NOT MATCH THE HASHES" in text:
        return (
            "A downloaded package is not the one that was locked: try again, and check the package "
            "index in pip's configuration (pip config list); %s." % details
        )
    if re.search(r"No space left|Errno 28", text):
        return "The disk is full: the environment needs about 2 GB; %s." % details
    if re.search(
        r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError|"
        r"NameResolutionError|Temporary failure|Connection (refused|reset|broken)|"
        r"from versions: none",
        text,
    ):
        return (
            "The packages could not be downloaded: check the network, or pip's proxy and index "
            "settings (pip config list), and run the command again; %s." % details
        )
    return "pip failed: %s; %s." % (last_line(lines), details)


def show_progress(lines: IO[str], log: IO[str], total: int) -> List[str]:
    """Copy pip's output into the log, and say from time to time how far it is."""
    kept: List[str] = []
    seen = 0
    unpacking = False
    last = time.monotonic()
    for line in lines:
        log.write(line)
        kept.append(line)
        large = re.match(r"^\s*Downloading (\S+) \((\d{2,}\.?\d*) MB\)", line)
        if large:
            say("  downloading %s, %s MB" % (large.group(1).rsplit("/", 1)[-1], large.group(2)))
        seen += bool(re.match(r"^(Collecting |Requirement already satisfied: \S+==)", line))
        if line.startswith("Installing collected packages"):
            unpacking = True
            if seen > 1:
                say("  unpacking %d packages" % seen)
        elif not unpacking and time.monotonic() - last >= PROGRESS_SECONDS:
            last = time.monotonic()
            say("  %d of about %d packages" % (min(seen, total), total))
    return kept


def pip(python: Path, arguments: List[str], total: int) -> None:
    """Run pip in the environment.

    Raises:
        EnvironmentUnusableError: pip failed; the message says why in one sentence.
    """
    command = [str(python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", *arguments]
    with LOG.open("a", encoding="utf-8") as log, subprocess.Popen(
        command,
        cwd=str(PROJECT),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
    ) as process:
        assert process.stdout is not None
        kept = show_progress(process.stdout, log, total)
    if process.returncode != 0:
        raise EnvironmentUnusableError(install_failure(kept))


def install(python: Path, kind: str) -> None:
    """Install the locked packages and the project itself, then mark the work as done."""
    lock_file = PROJECT / LOCK_FILES[kind]
    total = len(re.findall(r"^[A-Za-z0-9]", lock_file.read_text(encoding="utf-8"), re.MULTILINE))
    say("Installing the packages of %s (a few minutes the first time)" % lock_file.name)
    started = time.monotonic()
    LOG.write_text("", encoding="utf-8")
    pip(python, ["--require-hashes", "-r", str(lock_file)], total)
    # Everything it needs is locked and installed: neither the network nor a resolver has a say.
    pip(python, ["--no-deps", "--no-build-isolation", "--no-index", "-e", "."], total)
    for contained in CONTAINED[kind]:
        (ENVIRONMENT / (contained + ".stamp")).touch()
    say("The environment is ready (%.0f s)" % (time.monotonic() - started))


def main(arguments: List[str]) -> int:
    """Make or update the environment; return the exit code."""
    kind = arguments[0] if arguments else "runtime"
    if kind not in LOCK_FILES:
        print("usage: environment.py runtime|dev", file=sys.stderr)
        return 2
    try:
        # Two makes at once would write into one environment: the second waits for the first.
        with Path(__file__).open(encoding="utf-8") as own_source:
            fcntl.flock(own_source, fcntl.LOCK_EX)
            install(make_environment(choose_python(sys.executable or "python3")), kind)
    except EnvironmentUnusableError as unusable:
        print(str(unusable), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; run the command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
