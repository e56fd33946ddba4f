"""How new files are cut into micro-batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile


def cut(
    files: Iterable[LandedFile], max_files: int, max_bytes: int | None
) -> Iterator[list[LandedFile]]:
    """Cut files into micro-batches by count and by bytes, whichever is reached first.

    The byte limit is soft: a file that is larger than it makes a micro-batch of its own.
    """
    batch: list[LandedFile] = []
    size = 0
    for file in files:
        full = len(batch) >= max_files
        if batch and (full or (max_bytes is not None and size + file.size > max_bytes)):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def oldest_first(chunks: Iterable[list[LandedFile]]) -> Iterator[LandedFile]:
    """The files of each chunk by time; over all of them, only one chunk is held at a time."""
    for chunk in chunks:
        yield from sorted(chunk, key=lambda file: (file.modified_ns, file.path))
