"""The stored schema of a stream: one file a version, the newest is the truth.

`<location>/_schemas/<n>` holds the schema, when it came about, by whom and from which files. A
restart reads it and never infers again. Going back to an earlier version stores that one's schema
as the newest: no version is ever deleted.
"""

from __future__ import annotations

import datetime
import getpass
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.json_file import write_whole

if TYPE_CHECKING:
    from pyspark.sql.types import StructType

_NAMED_FILES = 10


@dataclass(frozen=True)
class SchemaVersion:
    """One version of the schema.

    Attributes:
        number: 0 is the first.
        time: when it was stored, ISO 8601 in UTC.
        by: the operating system's name of who ran the stream.
        added: names of the fields that are new, or new types, in this version.
        files: some of the files it was seen in.
        schema: all of it.
    """

    number: int
    time: str
    by: str
    added: tuple[str, ...]
    files: tuple[str, ...]
    schema: StructType


@dataclass(frozen=True)
class SchemaLog:
    """The schema versions of one stream."""

    location: Path

    def version(self) -> int | None:
        """The newest version's number, None where nothing is stored."""
        return max(self._numbers(), default=None)

    def schema(self) -> StructType | None:
        """The newest schema."""
        version = self.version()
        return None if version is None else self._read(version).schema

    def versions(self) -> list[SchemaVersion]:
        """Every version, the first one first."""
        return [self._read(number) for number in sorted(self._numbers())]

    def store(self, schema: StructType, added: Sequence[str], files: Sequence[str]) -> int:
        """Store a new version, with the fields it adds and files it was seen in.

        Returns:
            Its number.
        """
        version = self.version()
        content = {
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "by": _user(),
            "added": list(added),
            "files": list(files[:_NAMED_FILES]),
            "schema": schema.jsonValue(),
        }
        number = 0 if version is None else version + 1
        write_whole(self._directory / str(number), content)
        return number

    def roll_back(self, number: int) -> int:
        """Make the schema of an earlier version the newest one.

        Columns that the table has got stay in it. In a mode that adds columns they come back with
        the next file that has them; set the mode to rescue first where they are not wanted.

        Returns:
            The number of the new version.

        Raises:
            OptionError: there is no such version.
        """
        if number not in self._numbers():
            known = ", ".join(str(one) for one in sorted(self._numbers())) or "none"
            raise OptionError(
                f"The schema in {self.location} has no version {number}; there are: {known}."
            )
        return self.store(self._read(number).schema, [f"back to version {number}"], [])

    @property
    def _directory(self) -> Path:
        return self.location / "_schemas"

    def _numbers(self) -> list[int]:
        if not self._directory.is_dir():
            return []
        return [int(entry.name) for entry in self._directory.iterdir() if entry.name.isdigit()]

    def _read(self, number: int) -> SchemaVersion:
        from pyspark.sql.types import StructType

        stored = json.loads((self._directory / str(number)).read_text())
        return SchemaVersion(
            number=number,
            time=stored["time"],
            by=stored["by"],
            added=tuple(stored["added"]),
            files=tuple(stored["files"]),
            schema=StructType.fromJson(stored["schema"]),
        )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user often has a number and no name.
        return f"user {os.getuid()}"
