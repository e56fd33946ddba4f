"""What an engine was made for: a run whose own would differ in anything gets another one.

All of it goes through a hash; no value of an environment variable is kept anywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from medallion_assets.lakehouse.session import settings as spark_settings
from medallion_assets.lakehouse.session.jars import coordinates, jars_home

_READ_BY_THE_JVM = (
    *("SPARK_", "PYSPARK_", "JAVA_", "JDK_", "_JAVA_", "HADOOP_", "YARN_", "HIVE_", "AWS_"),
    *("AZURE_", "GOOGLE_", "KRB5", "KAFKA_", "MEDALLION_KAFKA_", "SSL_", "LC_"),
)
_AND = (
    *("PYTHONPATH", "PYTHONHASHSEED", "LANG", "TZ", "HOME", "LD_LIBRARY_PATH", "TMPDIR"),
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy"),
    *("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
)
_SET_BY_A_SESSION = (
    *("SPARK_AUTH_SOCKET_TIMEOUT", "SPARK_BUFFER_SIZE", "SPARK_LOCAL_IP", "SPARK_CONNECT_MODE"),
    *("SPARK_ENV_LOADED", "PYSPARK_GATEWAY_PORT", "PYSPARK_GATEWAY_SECRET"),
)
"""A process that had a session, and those it starts, have them; they change nothing."""

_FIXED = frozenset(
    f"spark.sql.{name}"
    for name in (
        *("extensions", "catalogImplementation", "codegen.cache.maxEntries", "codegen.comments"),
        *("cache.serializer", "queryExecutionListeners", "streaming.streamingQueryListeners"),
        *("streaming.ui.enabled", "ui.retainedExecutions", "globalTempDatabase", "sources.schema"),
    )
)
"""Settings of SQL that a JVM takes once."""


def fingerprint(
    settings: Mapping[str, str], environment: Mapping[str, str], directory: Path
) -> str:
    """What a run asks of an engine, in 16 characters.

    Args:
        settings: those of the JVM that were asked for.
        environment: of the run.
        directory: in which the run works: relative paths mean the same in the engine.
    """
    asked: dict[str, Any] = {
        "settings": dict(settings),
        "made here": {
            **spark_settings.COMMON,
            **spark_settings.local(spark_settings.usable_cores(), "2g"),
        },
        "environment": read_by_the_jvm(environment),
        "directory": str(directory),
        "versions": [sys.version, sys.executable, version("pyspark"), version("delta-spark")],
        "jars": str(jars_home(coordinates())),
        "java": _java(environment),
        "code": _changed(Path(__file__).parent.glob("*.py")),
        "user": os.getuid(),
    }
    told = json.dumps(asked, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def read_by_the_jvm(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that Java, Spark, its Python workers or a client of S3 or Kafka may read."""
    read = {
        name: value
        for name, value in environment.items()
        if (name.startswith(_READ_BY_THE_JVM) or name in _AND) and name not in _SET_BY_A_SESSION
    }
    # What a session sets where it is missing.
    return {"PYSPARK_PYTHON": sys.executable, **read}


def parted(settings: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Settings that a JVM takes once, and those that each session has for itself."""
    own = {
        name: value
        for name, value in settings.items()
        if name.startswith(("spark.sql.", "spark.databricks.")) and name not in _FIXED
    }
    return {name: value for name, value in settings.items() if name not in own}, own


def _java(environment: Mapping[str, str]) -> list[str]:
    """Which Java it is; asking it for its version would take as long as attaching."""
    home = environment.get("JAVA_HOME")
    found = Path(home) / "bin/java" if home else shutil.which("java", path=environment.get("PATH"))
    return _changed([Path(found)]) if found else []


def _changed(files: Iterable[Path]) -> list[str]:
    return [
        f"{file.resolve()} {file.stat().st_mtime_ns}" for file in sorted(files) if file.exists()
    ]
