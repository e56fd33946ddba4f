"""Files that appear in a landing directory complete or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> Path:
    """Write a file under a hidden name beside its place, then move it there.

    A reader of the directory never sees half a file. A file already there is replaced.

    Args:
        path: the file; its directories are made where they are missing.
        content: all of its bytes.

    Returns:
        The path.

    Raises:
        OSError: when the directory cannot be written; nothing is left behind then.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path
