"""An object, opened like a file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

from medallion_assets.lakehouse.autoloader.object_store.connection import store_of


@contextmanager
def as_os_error() -> Iterator[None]:
    """What goes wrong with an object is what goes wrong with a file."""
    from obstore.exceptions import BaseError

    try:
        yield
    except BaseError as error:
        raise OSError(str(error).strip().splitlines()[0]) from error


class ObjectFile(io.RawIOBase):
    """The bytes of an object, fetched range by range as they are asked for.

    Attributes:
        size: of the object.
    """

    def __init__(self, uri: str) -> None:
        """Open.

        Raises:
            FileNotFoundError: there is no such object.
            OSError: it can't be reached.
        """
        import obstore

        super().__init__()
        self._store, self._key = store_of(uri)
        with as_os_error():
            self.size = int(obstore.head(self._store, self._key)["size"])
        self._position = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next byte is read."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a position."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer from here on; the number of bytes, 0 at the end."""
        import obstore

        length = min(len(buffer), self.size - self._position)
        if length <= 0:
            return 0
        start = self._position
        with as_os_error():
            found = obstore.get_range(self._store, self._key, start=start, length=length)
        buffer[:length] = memoryview(found)
        self._position += length
        return length


def object_is_there(uri: str) -> bool:
    """Whether there is an object at the URI."""
    try:
        ObjectFile(uri)
    except FileNotFoundError:
        return False
    return True
