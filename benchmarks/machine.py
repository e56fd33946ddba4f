"""What it was measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

from medallion_assets.lakehouse.session.preflight import preflight
from medallion_assets.lakehouse.session.settings import usable_cores

_VERSIONED = ("pyspark", "delta-spark", "dagster", "deltalake")


def machine() -> dict[str, str]:
    """The machine and the versions, without a name."""
    return {
        "cores": str(usable_cores()),
        "processor": _processor(),
        "memory": f"{psutil.virtual_memory().total / 1e9:.0f} GB",
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "Python": platform.python_version(),
        "Java": preflight().version,
        **{name: version(name) for name in _VERSIONED},
    }


def load() -> float:
    """Processes that wanted to run in the last minute, on average."""
    return os.getloadavg()[0]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
