"""Files by their path, on the local file system or in an object store."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO, cast

from medallion_assets.lakehouse.autoloader.object_store.connection import is_object
from medallion_assets.lakehouse.autoloader.object_store.object_file import (
    ObjectFile,
    object_is_there,
)

_BUFFER = 1 << 18


def open_file(path: str) -> BinaryIO:
    """The bytes of a file.

    Raises:
        OSError: it is not there, or may not be read.
    """
    if is_object(path):
        return cast("BinaryIO", io.BufferedReader(ObjectFile(path), _BUFFER))
    return Path(path).open("rb")


def is_there(path: str) -> bool:
    """Whether there is a file at the path."""
    return object_is_there(path) if is_object(path) else Path(path).exists()


def size_of(path: str) -> int:
    """The bytes of a file.

    Raises:
        OSError: it is not there.
    """
    return ObjectFile(path).size if is_object(path) else Path(path).stat().st_size
