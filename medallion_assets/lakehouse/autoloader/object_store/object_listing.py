"""The listing of a bucket, page by page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.discovery.landed_file import LandedFile
from medallion_assets.lakehouse.autoloader.discovery.selection import Selection, is_ignored
from medallion_assets.lakehouse.autoloader.object_store.connection import store_of
from medallion_assets.lakehouse.autoloader.object_store.object_directory import ObjectDirectory
from medallion_assets.lakehouse.autoloader.object_store.object_file import object_is_there
from medallion_assets.lakehouse.errors import TerminalError, TransientError
from medallion_assets.lakehouse.materialization import FailedFile

if TYPE_CHECKING:
    from obstore import ObjectMeta

CHUNK = 10_000
"""Objects that are held at a time; a store tells of 1,000 a page."""


@dataclass(frozen=True)
class Objects:
    """A chunk of a listing: with the names come sizes and times."""

    held: Sequence[LandedFile]

    @property
    def paths(self) -> Sequence[str]:
        """URIs."""
        return [file.path for file in self.held]

    def files(self, positions: Sequence[int]) -> Iterator[LandedFile | FailedFile]:
        """The objects at these positions."""
        for position in positions:
            file = self.held[position]
            # Consoles mark a directory by an empty object whose key ends in a slash.
            if file.size or object_is_there(file.path):
                yield file


class ObjectListing:
    """One pass over the objects below a place in a bucket, in the order of their keys.

    Attributes:
        unreadable: nothing; what can't be listed at all is an error.
    """

    def __init__(
        self, directory: ObjectDirectory, selection: Selection, *, after: str = "",
        chunk: int = CHUNK,
    ) -> None:  # fmt: skip
        """A pass that is yet to begin.

        Args:
            directory: where to look.
            selection: which directories can be left out.
            after: leave out objects up to this URI; "" lists all.
            chunk: how many objects to hold at a time.
        """
        self.unreadable: list[FailedFile] = []
        self._directory, self._selection = directory, selection
        self._after, self._chunk = after, chunk

    def __iter__(self) -> Iterator[Objects]:
        """The objects, chunk by chunk.

        Raises:
            TransientError: the bucket can't be listed.
            TerminalError: an object has a key that can't be the path of a file.
        """
        import obstore
        from obstore.exceptions import BaseError, InvalidPathError

        store, prefix = store_of(self._directory.uri)
        root = self._directory.uri.removesuffix(prefix).rstrip("/")
        offset = store_of(self._after)[1] if self._after else None
        try:
            for page in obstore.list(store, prefix or None, offset=offset, chunk_size=self._chunk):
                yield Objects([_seen(root, one) for one in page if self._is_data(prefix, one)])
        except InvalidPathError as error:
            raise TerminalError(
                f"{self._directory} can't be listed: {_first_line(error)}. No reader can be given "
                "such a key: rename that object, or delete it."
            ) from error
        except (BaseError, OSError) as error:
            raise TransientError(
                f"{self._directory} can't be listed: {_first_line(error)}. Check the bucket's "
                "name, the endpoint and the keys (spark.hadoop.fs.s3a.*, AWS_*); where the store "
                "or the network was away, trying again helps."
            ) from error

    def _is_data(self, prefix: str, one: ObjectMeta) -> bool:
        below = one["path"].removeprefix(prefix).strip("/").split("/")[:-1]
        return not any(is_ignored(name) for name in below)


def _seen(root: str, one: ObjectMeta) -> LandedFile:
    nanoseconds = int(one["last_modified"].timestamp() * 1000) * 1_000_000
    return LandedFile(f"{root}/{one['path']}", one["size"], nanoseconds)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
