"""The published packages of Kafka and Debezium: fetched once by Maven into the cache."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session.jars import cache_directory

POM = Path(__file__).with_name("pom.xml")


@dataclass(frozen=True)
class Packages:
    """A directory with what pom.xml names; complete once it exists."""

    home: Path

    @property
    def libraries(self) -> tuple[Path, ...]:
        """The jars of Kafka, Connect and their logging: the class path."""
        return tuple(sorted((self.home / "libraries").glob("*.jar")))

    @property
    def plugins(self) -> Path:
        """Connect's plugin path."""
        return self.home / "plugins"


def fetch(cache: Path | None = None) -> Packages:
    """The packages, from the cache or, the first time, by Maven, which checks their checksums.

    Args:
        cache: where they are kept; the project's cache where it is not given.

    Raises:
        MachineError: they are not in the cache, and Maven is missing or could not fetch them.
    """
    key = hashlib.sha256(POM.read_bytes()).hexdigest()[:16]
    home = (cache or cache_directory()) / "services" / key
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(home.with_suffix(".lock")):
            if not home.is_dir():
                _fetch_into(home)
    return Packages(home)


def _fetch_into(home: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise MachineError(
            "Kafka and Debezium are fetched by Maven, and there is no mvn on the PATH. Install it "
            "(Debian, Ubuntu: apt-get install maven); once they are fetched it is not needed."
        )
    print("Fetching Kafka and Debezium by Maven (80 MB, once) ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{home.name}.") as scratch:
        target = Path(scratch) / "packages"
        done = subprocess.run(
            [
                maven, "--batch-mode", "--no-transfer-progress", "--strict-checksums",
                "--file", POM, f"-Dservices.packages={target}", "process-resources",
            ],
            cwd=scratch, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise MachineError(
                f"Maven could not fetch Kafka and Debezium: {_cause(done.stdout + done.stderr)}. "
                "Check the network, or name a mirror in Maven's settings.xml, then try again."
            )
        target.rename(home)


def _cause(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("[ERROR]")]
    return (errors or lines[-1:] or ["it said nothing"])[0].removeprefix("[ERROR]").strip()
