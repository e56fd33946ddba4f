"""The listing of the place where a stream's files land, whatever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from medallion_assets.lakehouse.autoloader.discovery import (
    DirectoryListing,
    KnownFiles,
    LandedFile,
    Selection,
    look_through,
)
from medallion_assets.lakehouse.autoloader.discovery.looking import Listed
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory, ObjectListing
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.materialization import FailedFile

Directory = Path | ObjectDirectory
"""Where files land."""


class Listing(Protocol):
    """One pass over what there is."""

    unreadable: list[FailedFile]

    def __iter__(self) -> Iterator[Listed]:
        """What there is, chunk by chunk."""
        ...


def listing_of(directory: Directory, selection: Selection, after: str = "") -> Listing:
    """A pass over the files at and below a directory.

    Args:
        directory: where to look.
        selection: which directories can be left out.
        after: in an object store, leave out what sorts up to this path; "" lists all.
    """
    if isinstance(directory, ObjectDirectory):
        return ObjectListing(directory, selection, after=after)
    return DirectoryListing(directory, selection)


def files_in(directory: Directory, selection: Selection | None = None) -> Iterator[LandedFile]:
    """Every data file at and below a directory that can be looked at.

    Args:
        directory: where to look; nothing is found where it does not exist.
        selection: which files; all where it is None.
    """
    taken = Selection() if selection is None else selection
    for looked in look_through(listing_of(directory, taken), KnownFiles(), taken):
        yield from looked.new


def settle_seconds(directory: Directory, options: CloudFilesOptions) -> float:
    """For how long a file must have stayed as it is; an object is whole once it is there."""
    return 0.0 if isinstance(directory, ObjectDirectory) else options.settle_seconds
