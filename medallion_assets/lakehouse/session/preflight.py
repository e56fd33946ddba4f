"""What must be on the machine before a JVM is started, said in one line each."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from medallion_assets.lakehouse.errors import MachineError

OLDEST_JAVA = 17
SUPPORTED_PAIRS = {"4.4": ("4.0", "4.1", "4.2")}
"""delta-spark release line to the Spark lines it runs on; Spark 4.3 breaks its streaming sink."""

_TOLD_CHARACTERS = 300


@dataclass(frozen=True)
class Java:
    """A Java runtime."""

    executable: Path
    version: str


def preflight() -> Java:
    """Check Java and the pyspark/delta-spark pair.

    Raises:
        MachineError: one line that names what is missing and the fix.
    """
    check_versions(_installed("pyspark"), _installed("delta-spark"))
    return find_java(os.environ.get("JAVA_HOME"), os.environ.get("PATH"))


def check_versions(pyspark: str, delta: str) -> None:
    """Check that this delta-spark runs on this pyspark.

    Raises:
        MachineError: the pair is not one that Delta supports.
    """
    spark_line, delta_line = _line(pyspark), _line(delta)
    supported = SUPPORTED_PAIRS.get(delta_line, ())
    if spark_line not in supported:
        raise MachineError(
            f"pyspark {pyspark} and delta-spark {delta} do not work together "
            f"(delta-spark 4.4 runs on Spark {', '.join(SUPPORTED_PAIRS['4.4'])}). "
            "Install the locked pair: pip install -r requirements.lock"
        )


@functools.cache
def find_java(java_home: str | None, search_path: str | None) -> Java:
    """The Java that Spark would start: `JAVA_HOME` if set, else the first on the path.

    Raises:
        MachineError: there is none, or it is older than Java 17.
    """
    install = (
        f"Install a Java {OLDEST_JAVA}+ runtime (Debian: apt-get install "
        f"openjdk-{OLDEST_JAVA}-jre-headless) or set JAVA_HOME to one."
    )
    if java_home:
        executable = Path(java_home) / "bin" / "java"
        if not executable.is_file():
            raise MachineError(f"JAVA_HOME is {java_home}, which has no bin/java. {install}")
    else:
        found = shutil.which("java", path=search_path)
        if found is None:
            raise MachineError(f"Spark needs Java and there is none on the PATH. {install}")
        executable = Path(found)
    answer = subprocess.run(
        [executable, "-version"], capture_output=True, text=True, check=False
    ).stderr
    spelled = re.search(r'version "([^"]+)"', answer)
    if spelled is None:
        # Options in JAVA_TOOL_OPTIONS that it does not take, say.
        said = " ".join(answer.split())[:_TOLD_CHARACTERS] or "nothing"
        raise MachineError(f"{executable} -version does not say a version, but: {said}. {install}")
    if java_major(spelled.group(1)) < OLDEST_JAVA:
        raise MachineError(
            f"{executable} is Java {spelled.group(1)}, Spark 4 needs {OLDEST_JAVA} or newer. "
            f"{install}"
        )
    return Java(executable, spelled.group(1))


def java_major(spelled: str) -> int:
    """The feature release: 8 of `1.8.0_412`, 17 of `17.0.15`, 21 of `21-ea`."""
    numbers = [int(number) for number in re.findall(r"\d+", spelled)]
    return numbers[1] if numbers[0] == 1 and len(numbers) > 1 else numbers[0]


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise MachineError(
            f"{package} is not installed. Install the locked packages: "
            "pip install -r requirements.lock"
        ) from None


def _line(spelled: str) -> str:
    return ".".join(spelled.split(".")[:2])
