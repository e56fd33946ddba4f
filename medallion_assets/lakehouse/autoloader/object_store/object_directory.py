"""A place in a bucket below which files land."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ObjectDirectory:
    """What a path is on a local file system.

    Args:
        uri: `s3://bucket/prefix` or `s3a://bucket/prefix`, without a slash at its end.
    """

    uri: str

    @property
    def name(self) -> str:
        """The last part."""
        return self.uri.rpartition("/")[2]

    def __str__(self) -> str:
        return self.uri

    def __fspath__(self) -> str:
        return self.uri
