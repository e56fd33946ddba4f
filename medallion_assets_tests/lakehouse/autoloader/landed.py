"""Put files into a landing directory with chosen contents and times."""

from __future__ import annotations

import os
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import LandedFile

PAST = 1_700_000_000
"""A time of modification that has settled long ago, in seconds."""


def land(path: Path, content: str | bytes = "{}\n", modified: float = PAST) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, ns=(int(modified * 1e9), int(modified * 1e9)))
    return path


def settle(directory: Path) -> None:
    """Make every file below a directory one that was written long ago."""
    for path in directory.rglob("*"):
        os.utime(path, (PAST, PAST))


def seen(path: Path) -> LandedFile:
    status = path.stat()
    return LandedFile(str(path), status.st_size, status.st_mtime_ns)


def landed(name: str, size: int = 1, modified: float = PAST) -> LandedFile:
    return LandedFile(name, size, int(modified * 1e9))


def too_deep(directory: Path) -> str:
    """Make directories in one another until no path is long enough; the first that has none."""
    path = str(directory)
    here = os.open(path, os.O_RDONLY)
    while len(path) < os.pathconf("/", "PC_PATH_MAX"):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, path = below, f"{path}/{'d' * 250}"
    os.close(here)
    return path
