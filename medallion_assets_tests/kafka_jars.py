"""The jars of Spark's Kafka connector, also where a mirror lacks some of them.

Nothing here is needed by users of a complete repository: what the product asks for is put into its
cache, in the versions the mirror has.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from medallion_assets.lakehouse.errors import MachineError
from medallion_assets.lakehouse.session import kafka_settings
from medallion_assets.lakehouse.session.jars import coordinates, jars_home, local_jars

_ON_THE_MIRROR = (
    "org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.3",
    "org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.1.0-preview1",
    "org.apache.kafka:kafka-clients:3.9.2",
    "org.apache.commons:commons-pool2:2.12.1",
)


def cached_kafka_settings() -> dict[str, str]:
    """`kafka_settings()`, after whose call a session can be started with them."""
    packages = (*coordinates(), kafka_settings()["spark.jars.packages"])
    home = jars_home(packages)
    if not home.is_dir():
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(home.with_suffix(".mirror")):
            try:
                local_jars(packages)
            except MachineError:
                _fill(home)
    return kafka_settings()


def _fill(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        jars = Path(scratch) / "jars"
        jars.mkdir()
        for jar in local_jars(coordinates()):
            shutil.copy2(jar, jars)
        for artifact in _ON_THE_MIRROR:
            subprocess.run(
                ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact={artifact}",
                 f"-DoutputDirectory={jars}"],
                check=True, cwd=scratch, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        jars.rename(home)
