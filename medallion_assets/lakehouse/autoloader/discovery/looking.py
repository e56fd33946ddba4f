"""From a listing to the files that are new in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from medallion_assets.lakehouse.autoloader.discovery.known_files import KnownFiles
from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile
from medallion_assets.lakehouse.autoloader.discovery.selection import Selection
from medallion_assets.lakehouse.materialization import FailedFile


class Listed(Protocol):
    """A chunk of a listing."""

    @property
    def paths(self) -> Sequence[str]:
        """What there is, by name alone."""
        ...

    def files(self, positions: Sequence[int]) -> Iterator[LandedFile | FailedFile]:
        """What the paths at these positions are; nothing for one that is gone."""
        ...


@dataclass(frozen=True)
class Looked:
    """What was seen in a chunk of a listing.

    Attributes:
        listed: how many of its names are data.
        new: the files the ledger does not have.
        unreadable: what can't be taken, and why.
    """

    listed: int
    new: list[LandedFile]
    unreadable: list[FailedFile]


def look_through(
    listing: Iterable[Listed], known: KnownFiles, selection: Selection
) -> Iterator[Looked]:
    """What is new in a listing, chunk by chunk.

    Names are compared first, so that only a new file is looked at. A chunk is compared while the
    next one is listed: listing waits for the file system, comparing needs no interpreter.

    Args:
        listing: chunks of names.
        known: what the ledger has.
        selection: which files the stream takes.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="discovery") as comparing:
        before = None
        for chunk in listing:
            ahead = (chunk, comparing.submit(known.to_look_at, chunk.paths))
            if before is not None:
                yield _looked(before[0], before[1].result(), known, selection)
            before = ahead
        if before is not None:
            yield _looked(before[0], before[1].result(), known, selection)


def _looked(
    chunk: Listed, positions: Sequence[int], known: KnownFiles, selection: Selection
) -> Looked:
    paths = chunk.paths
    selected = [position for position in positions if selection.takes_path(paths[position])]
    files: list[LandedFile] = []
    unreadable: list[FailedFile] = []
    for seen in chunk.files(selected):
        if isinstance(seen, FailedFile):
            unreadable.append(seen)
        elif selection.takes_file(seen):
            files.append(seen)
    left_out = len(positions) - len(files) - len(unreadable)
    return Looked(len(paths) - left_out, known.new(files), unreadable)
