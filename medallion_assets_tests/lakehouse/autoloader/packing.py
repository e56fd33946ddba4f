"""Pack bytes in every form that stands for a suffix, without Spark or Hadoop."""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Callable

import pyarrow as pa


def hadoop_snappy(content: bytes) -> bytes:
    """Snappy as Hadoop writes it: blocks with their length, each of parts with theirs."""
    codec = pa.Codec("snappy")
    packed = b""
    for start in range(0, len(content), 200_000):
        block = content[start : start + 200_000]
        packed += len(block).to_bytes(4, "big")
        for inner in range(0, len(block), 60_000):
            part = codec.compress(block[inner : inner + 60_000], asbytes=True)
            packed += len(part).to_bytes(4, "big") + part
    return packed


def zstandard(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".gzip": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": zstandard,
    ".zstd": zstandard,
    ".snappy": hadoop_snappy,
    ".deflate": zlib.compress,
}
"""Suffixes that Spark 4.1 unpacks without Hadoop's native libraries."""
