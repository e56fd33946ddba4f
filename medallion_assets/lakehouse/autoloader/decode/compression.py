"""Packed text: what Spark unpacks, which it tells by a file's suffix, and the same in Python.

Spark takes a suffix it does not know for plain text, and would read packed bytes as records. Such
files are told here, before they are read.
"""

from __future__ import annotations

import bz2
import gzip
import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from medallion_assets.lakehouse.autoloader.object_store import is_object
from medallion_assets.lakehouse.autoloader.storage import open_file, size_of
from medallion_assets.lakehouse.materialization import FailedFile

_CHUNK = 1 << 16
_INSTEAD = "pack it with gzip, bzip2 or zstd"
_UNKNOWN = {
    ".7z": "7z", ".br": "brotli", ".lzma": "lzma", ".lzo": "lzo", ".rar": "rar", ".tar": "tar",
    ".tgz": "tar", ".xz": "xz", ".z": "compress", ".zip": "zip",
}  # fmt: skip
_LONG = {".gzip": ".gz", ".zstd": ".zst"}
"""Suffixes that Spark knows only where it does not cut files at line ends."""


def unreadable(paths: Iterable[str], *, cut: bool) -> tuple[FailedFile, ...]:
    """The text files that Spark can't unpack, or not safely, with the reason.

    Args:
        paths: of the files.
        cut: whether Spark may cut the files at line ends, to read them in parallel.
    """
    return tuple(
        FailedFile(path, reason)
        for path in paths
        if (reason := _why_unreadable(path, cut=cut)) is not None
    )


def _why_unreadable(path: str, *, cut: bool) -> str | None:
    suffix = Path(path).suffix.lower()
    if suffix in _UNKNOWN:
        return f"Spark can't unpack {_UNKNOWN[suffix]}: {_INSTEAD}, or not at all"
    if suffix in _LONG and cut:
        return f"Spark can't unpack {suffix} here: name it {_LONG[suffix]}"
    if suffix == ".lz4":
        return f"Spark does not notice when lz4 is cut off: {_INSTEAD}"
    if suffix == ".snappy":
        return _why_not_whole(path)
    return None


def _why_not_whole(path: str) -> str | None:
    """What Spark does not notice of a file in Hadoop's form of snappy: that it was cut off."""
    try:
        with open_file(path) as file:
            for packed, _ in _snappy_parts(file):
                file.seek(packed, io.SEEK_CUR)
            whole = file.tell() == size_of(path)
    except OSError as error:
        return f"it can't be unpacked: {error}"
    return None if whole else "it can't be unpacked: it was cut off"


def is_packed(path: str) -> bool:
    """Whether a file's suffix says that it is packed."""
    return Path(path).suffix.lower() in _OPENERS


def open_text(path: str, encoding: str, errors: str = "strict") -> IO[str]:
    """The unpacked text of a file, with its line ends as they are.

    Args:
        path: of the file.
        encoding: of the text.
        errors: what to do with bytes that are not valid in it, as in Python's `open`.

    Raises:
        OSError: it can't be opened, or is not packed as its suffix says.
        LookupError: there is no such encoding.
    """
    return io.TextIOWrapper(open_bytes(path), encoding=encoding, errors=errors, newline="")


def open_bytes(path: str) -> IO[bytes]:
    """The unpacked bytes of a file.

    Raises:
        OSError: it can't be opened, or is not packed as its suffix says.
    """
    opener = _OPENERS.get(Path(path).suffix.lower())
    return open_file(path) if opener is None else opener(path)


class _Pieces(io.RawIOBase):
    """A file out of pieces of bytes."""

    def __init__(
        self, path: str, pieces: Callable[[BinaryIO | io.FileIO], Iterator[bytes]]
    ) -> None:
        self._file = open_file(path)
        self._pieces = pieces(self._file)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        taken, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        self._file.close()
        super().close()


def _deflated(file: BinaryIO | io.FileIO) -> Iterator[bytes]:
    unpacker = zlib.decompressobj()
    while packed := file.read(_CHUNK):
        try:
            yield unpacker.decompress(packed)
        except zlib.error as error:
            raise OSError(str(error)) from error


def _snappy_blocks(file: BinaryIO | io.FileIO) -> Iterator[bytes]:
    """Hadoop's form of snappy: blocks with their length, each of parts with theirs."""
    import pyarrow as pa

    codec = pa.Codec("snappy")
    for packed, size in _snappy_parts(file):
        yield codec.decompress(file.read(packed), size, asbytes=True)


def _snappy_parts(file: BinaryIO | io.FileIO) -> Iterator[tuple[int, int]]:
    """The packed and the unpacked size of each part; between two of them the part is passed over.

    Raises:
        OSError: the file is not in this form, or ends too early.
    """
    while head := file.read(4):
        left = int.from_bytes(head, "big") if len(head) == 4 else 1  # noqa: PLR2004
        while left > 0:
            packed = int.from_bytes(file.read(4), "big")
            begin = file.read(5)
            file.seek(-len(begin), io.SEEK_CUR)
            size = _snappy_size(begin)
            if not 0 < size <= left or not packed:
                raise OSError("it is not the snappy that Hadoop writes, or was cut off")
            yield packed, size
            left -= size


def _snappy_size(begin: bytes) -> int:
    """The unpacked size that a part begins with, 7 bits a byte."""
    size = 0
    for position, byte in enumerate(begin):
        size |= (byte & 0x7F) << 7 * position
        if byte < 0x80:  # noqa: PLR2004 - the last byte has no continuation bit
            return size
    return 0


def _zstandard(path: str) -> IO[bytes]:
    import pyarrow as pa

    # Python's own library has it from 3.14 on.
    packed = pa.PythonFile(open_file(path)) if is_object(path) else pa.OSFile(path)
    return cast("IO[bytes]", pa.CompressedInputStream(packed, "zstd"))


def _gzip(path: str) -> IO[bytes]:
    if is_object(path):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=open_file(path)))
    return cast("IO[bytes]", gzip.GzipFile(path))


def _bzip2(path: str) -> IO[bytes]:
    return cast("IO[bytes]", bz2.BZ2File(open_file(path) if is_object(path) else path))


def _pieces(
    pieces: Callable[[BinaryIO | io.FileIO], Iterator[bytes]],
) -> Callable[[str], IO[bytes]]:
    return lambda path: cast("IO[bytes]", io.BufferedReader(_Pieces(path, pieces)))


_OPENERS: dict[str, Callable[[str], IO[bytes]]] = {
    ".bz2": _bzip2,
    ".deflate": _pieces(_deflated),
    ".gz": _gzip,
    ".gzip": _gzip,
    ".snappy": _pieces(_snappy_blocks),
    ".zst": _zstandard,
    ".zstd": _zstandard,
}
