"""Delta's and Avro's jars: resolved once into a cache, then loaded by file.

Ivy resolves at every start of a session with `spark.jars.packages` (4 s each time). Here
`spark-submit --packages` resolves once, with everything the user configured for it (repositories,
`ivySettings`), and the files it found go into a cache from which later starts load them.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from filelock import FileLock

from medallion_assets.lakehouse.errors import MachineError

AVRO_VERSION = "4.1.1"
"""Of spark-avro; runs on every Spark 4.1 and 4.2."""


def cache_directory() -> Path:
    """Where jars and class archives are kept; losing it costs one slow start."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "medallion_assets"


def coordinates() -> tuple[str, ...]:
    """The Maven coordinates that the installed pyspark and delta-spark call for."""
    spark_line = ".".join(version("pyspark").split(".")[:2])
    return (
        f"io.delta:delta-spark_{spark_line}_2.13:{version('delta-spark')}",
        f"org.apache.spark:spark-avro_2.13:{AVRO_VERSION}",
    )


def bundled_jars() -> tuple[Path, ...]:
    """Spark's own jars."""
    return tuple(sorted((_spark_home() / "jars").glob("*.jar")))


def local_jars(packages: tuple[str, ...], excluded: tuple[str, ...] = ()) -> tuple[Path, ...]:
    """The jar files of the packages and what they need beyond Spark's own jars.

    Args:
        packages: Maven coordinates.
        excluded: group and artifact of what they need and is not to be had.

    Raises:
        MachineError: they are not in the cache yet and could not be resolved.
    """
    home = jars_home(packages, excluded)
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(home.with_suffix(".lock")):
            if not home.is_dir():
                _resolve_into(home, packages, excluded)
    return tuple(sorted(home.glob("*.jar")))


def jars_home(packages: tuple[str, ...], excluded: tuple[str, ...] = ()) -> Path:
    """Where in the cache the jars of the packages are, or will be."""
    named = (version("pyspark"), *packages, *(f"not {artifact}" for artifact in excluded))
    key = hashlib.sha256("\n".join(named).encode()).hexdigest()[:16]
    return cache_directory() / "jars" / key


def _resolve_into(home: Path, packages: tuple[str, ...], excluded: tuple[str, ...]) -> None:
    print(f"Fetching {', '.join(packages)} (once) ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f".{home.name}.") as scratch:
        ivy = Path(scratch) / "ivy"
        _submit(packages, excluded, ivy, Path(scratch))
        chosen = Path(scratch) / "jars"
        chosen.mkdir()
        bundled = {artifact(jar.name) for jar in bundled_jars()}
        for jar in sorted((ivy / "jars").glob("*.jar")):
            name = jar.name.split("_", 1)[1]
            if artifact(name) not in bundled:
                shutil.move(jar, chosen / name)
        chosen.rename(home)


def _submit(packages: tuple[str, ...], excluded: tuple[str, ...], ivy: Path, scratch: Path) -> None:
    """Run spark-submit on an empty script: it resolves the packages and starts no session."""
    script = scratch / "resolve.py"
    script.write_text("")
    command = [
        str(_spark_home() / "bin" / "spark-submit"),
        *("--master", "local[1]"),
        *("--packages", ",".join(packages)),
        *(("--exclude-packages", ",".join(excluded)) if excluded else ()),
        *("--conf", f"spark.jars.ivy={ivy}"),
        str(script),
    ]
    environment = {
        **os.environ,
        "SPARK_HOME": str(_spark_home()),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    environment.pop("PYSPARK_SUBMIT_ARGS", None)
    done = _ran(command, environment)
    if done.returncode != 0 and "download failed" in done.stderr:
        # Ivy takes a package for one of Maven's own repository where that has its pom, though Maven
        # may never have needed the jar. With another home there is no such repository.
        shutil.rmtree(ivy, ignore_errors=True)
        options = f"{environment.get('SPARK_SUBMIT_OPTS', '')} -Duser.home={scratch}"
        done = _ran(command, {**environment, "SPARK_SUBMIT_OPTS": options.strip()})
    if done.returncode != 0 or not (ivy / "jars").is_dir():
        raise MachineError(
            f"Could not fetch {', '.join(packages)}: {_cause(done.stderr)}. The first start needs "
            "a Maven repository: check the network, or name yours in spark.jars.repositories or "
            "spark.jars.ivySettings ($SPARK_CONF_DIR/spark-defaults.conf), then try again."
        )


def _ran(
    command: Sequence[str], environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def artifact(jar: str) -> str:
    """`delta-spark_4.1_2.13` of `delta-spark_4.1_2.13-4.4.0.jar`: the name without the version."""
    return re.sub(r"-\d[^-]*(-[A-Za-z0-9.]+)?\.jar$", "", jar)


def _cause(output: str) -> str:
    for pattern in (
        r"download failed: [^\],]+",
        r"unresolved dependency: ([^\n:]+[^\n]*)",
        r"Server access error[^\n]*",
    ):
        if found := re.search(pattern, output):
            return found.group(0).strip()
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "spark-submit said nothing"


def _spark_home() -> Path:
    import pyspark

    return Path(os.environ.get("SPARK_HOME") or Path(pyspark.__file__).parent)
