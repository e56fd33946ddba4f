"""What discovery leaves out, because the ledger has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile, kept_path

_MOST_CHUNKS = 1000

Version = tuple[int, int]
"""Size, and time of modification in nanoseconds, as precise as the ledger: to the microsecond."""


@dataclass(frozen=True)
class KnownFiles:
    """The files of a ledger, as one column.

    A path is taken once, also when the file changes later; with `cloudFiles.allowOverwrites` every
    version of it is. A file that could not be read is taken again once it has been replaced by
    another; one that was gone, once it is there.

    A million paths are some 100 MB as a column and four times that as Python strings. A chunk of
    names is compared by looking the known ones up among them: the chunk is the smaller side.

    Args:
        keys: every path ever discovered; with `by_version` every version of every path.
        broken: the versions under which the files failed that are not in the target.
        by_version: whether a version is what is known, rather than a path.
    """

    keys: pa.ChunkedArray = field(default_factory=lambda: pa.chunked_array([], pa.string()))
    broken: Mapping[str, set[Version]] = field(default_factory=lambda: MappingProxyType({}))
    by_version: bool = False

    @classmethod
    def of(
        cls, files: pa.Table, broken: Mapping[str, set[Version]], *, by_version: bool = False
    ) -> KnownFiles:
        """From the ledger's rows.

        Args:
            files: the column `path`, and for `by_version` also `size` and `modification_time`.
            broken: as of the class.
            by_version: as of the class.
        """
        paths = files.column("path").cast(pa.string())
        if by_version:
            microseconds = files.column("modification_time").cast(pa.int64())
            paths = _versions(paths, files.column("size"), microseconds)
        return cls(paths, broken, by_version)

    def to_look_at(self, paths: Sequence[str]) -> list[int]:
        """The positions of the paths that can't be left out by their name alone."""
        if self.by_version or not len(self.keys):
            return list(range(len(paths)))
        names = _column(paths)
        wanted = pc.invert(self._is_known(names))
        if self.broken:
            wanted = pc.or_(wanted, pc.is_in(names, value_set=pa.array(self.broken, pa.string())))
        positions: list[int] = pc.indices_nonzero(wanted).to_pylist()
        return positions

    def new(self, files: Sequence[LandedFile]) -> list[LandedFile]:
        """The files to take, of those that were to be looked at."""
        if self.by_version and len(self.keys):
            known = self._is_known(_versions_of(files)).to_pylist()
        else:
            known = [False] * len(files)
        return [file for file, seen in zip(files, known, strict=True) if self._wants(file, seen)]

    def holds(self, file: LandedFile) -> bool:
        """Whether the file is known and need not be looked at."""
        return not (self.to_look_at([file.path]) and self.new([file]))

    def greatest(self) -> str | None:
        """The path that sorts last, None where none is known."""
        greatest: str | None = pc.max(self.keys).as_py()
        return greatest

    def plus(self, files: Sequence[LandedFile]) -> KnownFiles:
        """With files that were discovered since."""
        if not files:
            return self
        added = _versions_of(files) if self.by_version else _column([file.path for file in files])
        chunks = [*self.keys.chunks, added]
        if len(chunks) > _MOST_CHUNKS:
            chunks = [pa.concat_arrays(chunks)]
        return replace(self, keys=pa.chunked_array(chunks, pa.string()))

    def _wants(self, file: LandedFile, seen: bool) -> bool:
        broken = self.broken.get(file.path)
        if broken is None:
            return not seen
        return (file.size, file.modified_ns // 1000 * 1000) not in broken

    def _is_known(self, names: pa.Array) -> pa.Array:
        found = self.keys.filter(pc.is_in(self.keys, value_set=names))
        return pc.is_in(names, value_set=found)


def _column(paths: Sequence[str]) -> pa.Array:
    try:
        return pa.array(paths, pa.string())
    except UnicodeEncodeError:
        return pa.array([kept_path(path) for path in paths], pa.string())


def _versions_of(files: Sequence[LandedFile]) -> pa.Array:
    return _versions(
        _column([file.path for file in files]),
        pa.array([file.size for file in files], pa.int64()),
        pa.array([file.modified_ns // 1000 for file in files], pa.int64()),
    )


def _versions(paths: pa.Array, sizes: pa.Array, microseconds: pa.Array) -> pa.Array:
    """Path, size and time in one text; no path has the character between them."""
    return pc.binary_join_element_wise(
        paths, pc.cast(sizes, pa.string()), pc.cast(microseconds, pa.string()), "\0"
    )
