"""A listing that begins where the last one ended (`cloudFiles.useIncrementalListing`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.autoloader.discovery.known_files import KnownFiles
from medallion_assets.lakehouse.json_file import write_whole

_BETWEEN_FULL = 7


@dataclass(frozen=True)
class IncrementalListing:
    """How often a stream's store was listed from the last known object on.

    Only objects whose keys sort after all that are known are found so. After seven such listings
    all is listed again, which finds the others.

    Args:
        checkpoint: the stream's.
    """

    checkpoint: Path

    def after(self, known: KnownFiles) -> str:
        """The URI after which the next listing begins, "" where it has to be full."""
        if self._since_full() >= _BETWEEN_FULL:
            return ""
        return known.greatest() or ""

    def done(self, after: str) -> None:
        """Note that a listing came to its end, begun after this URI."""
        write_whole(self._path, self._since_full() + 1 if after else 0)

    def _since_full(self) -> int:
        return int(self._path.read_text()) if self._path.is_file() else 0

    @property
    def _path(self) -> Path:
        return self.checkpoint / "_listings_since_full"
