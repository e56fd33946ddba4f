"""The files a statement may load: those in its source, before any is compared with what was."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery import (
    KnownFiles,
    LandedFile,
    Selection,
    Settling,
    look_through,
)
from medallion_assets.lakehouse.autoloader.discovery.directory_listing import Paths
from medallion_assets.lakehouse.autoloader.discovery.glob import escaped
from medallion_assets.lakehouse.autoloader.listing import Directory, listing_of, settle_seconds
from medallion_assets.lakehouse.autoloader.object_store import ObjectDirectory
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.reader import LandingPath
from medallion_assets.lakehouse.copy_into.statement import CopyInto
from medallion_assets.lakehouse.errors import SourceError
from medallion_assets.lakehouse.materialization import IT_IS_GONE, FailedFile


@dataclass(frozen=True)
class Source:
    """Where a statement's files are.

    Attributes:
        directory: where to look.
        pattern: a glob with its whole directory; None takes all.
        names: paths below the directory; None takes all.
    """

    directory: Directory
    pattern: str | None = None
    names: tuple[str, ...] | None = None

    @classmethod
    def of(cls, statement: CopyInto) -> Source:
        """The source of a statement.

        Raises:
            OptionError: it is on another file system.
            SourceError: it is not there, FILES or PATTERN in a source that is itself a
                pattern, or one of FILES outside of the source.
        """
        place = LandingPath.of(statement.source)
        directory, chooses = place.directory, statement.files or statement.pattern is not None
        if chooses and place.pattern is not None:
            raise SourceError(
                f"{statement.source} is a pattern itself: FILES and PATTERN choose within a "
                "directory."
            )
        if isinstance(directory, Path) and not directory.exists():
            raise SourceError(f"{directory} is not there: COPY INTO found no source to read.")
        if isinstance(directory, Path) and directory.is_file():
            if chooses:
                raise SourceError(f"{directory} is a file: leave FILES and PATTERN out.")
            return cls(directory.parent, names=(directory.name,))
        if statement.files:
            return cls(directory, names=tuple(_within(directory, f) for f in statement.files))
        if statement.pattern is not None:
            inside = escaped(os.fspath(directory)).rstrip("/")
            return cls(directory, pattern=f"{inside}/{statement.pattern.lstrip('/')}")
        return cls(directory, pattern=place.pattern)


@dataclass(frozen=True)
class Found:
    """What there is to load.

    Attributes:
        files: not loaded before.
        unreadable: files that can't be looked at, and why; those of FILES that are not there.
    """

    files: tuple[LandedFile, ...]
    unreadable: tuple[FailedFile, ...]


def find(source: Source, options: CloudFilesOptions, known: KnownFiles) -> Found:
    """The files of a source that are not known, whole ones only.

    Args:
        source: where to look.
        options: which to take.
        known: what was loaded before.
    """
    selection = Selection.of(options, source.pattern)
    unreadable: list[FailedFile] = []
    looked = _looked(source, selection, known, unreadable)
    settling = Settling(settle_seconds(source.directory, options))
    files = [file for chunk in settling.whole(looked) for file in chunk]
    return Found(tuple(files), tuple(unreadable))


def _looked(
    source: Source, selection: Selection, known: KnownFiles, unreadable: list[FailedFile]
) -> Iterator[Sequence[LandedFile]]:
    if source.names is None or isinstance(source.directory, ObjectDirectory):
        listing = listing_of(source.directory, selection)
        for looked in look_through(listing, known, selection):
            unreadable += looked.unreadable
            yield [file for file in looked.new if _is_named(source, file.path)]
        unreadable += listing.unreadable
        return
    paths = [os.fspath(source.directory / name) for name in source.names]
    unreadable += [FailedFile(path, IT_IS_GONE) for path in paths if not os.path.lexists(path)]
    for looked in look_through([Paths(paths)], known, selection):
        unreadable += looked.unreadable
        yield looked.new


def _is_named(source: Source, path: str) -> bool:
    root = os.fspath(source.directory)
    return source.names is None or path.removeprefix(root).lstrip("/") in source.names


def _within(directory: Directory, name: str) -> str:
    """One of FILES, relative to the source."""
    root = os.fspath(directory)
    bare = name.removeprefix("file://") if name.startswith("file:///") else name
    inside = bare.removeprefix(f"{root}/")
    if inside.startswith("/") or "://" in inside or ".." in Path(inside).parts or not inside:
        raise SourceError(f"FILES names {name}, which is not in the source {root}.")
    return os.path.normpath(inside)
