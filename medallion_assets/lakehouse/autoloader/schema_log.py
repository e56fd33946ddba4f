"""The stored schema of a stream: one file a version, the newest is the truth.

`<location>/_schemas/<n>` holds the schema, when it came about and from which files. A restart reads
it and never infers again.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql.types import StructType

_NAMED_FILES = 10


@dataclass(frozen=True)
class SchemaLog:
    """The schema versions of one stream."""

    location: Path

    def version(self) -> int | None:
        """The newest version's number, None where nothing is stored."""
        directory = self.location / "_schemas"
        if not directory.is_dir():
            return None
        numbers = [int(entry.name) for entry in directory.iterdir() if entry.name.isdigit()]
        return max(numbers, default=None)

    def schema(self) -> StructType | None:
        """The newest schema."""
        version = self.version()
        if version is None:
            return None
        stored = json.loads((self.location / "_schemas" / str(version)).read_text())
        return StructType.fromJson(stored["schema"])

    def store(self, schema: StructType, added: Sequence[str], files: Sequence[str]) -> None:
        """Store a new version, with the fields it adds and files it was seen in."""
        directory = self.location / "_schemas"
        directory.mkdir(parents=True, exist_ok=True)
        version = self.version()
        content = {
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(),
            "added": list(added),
            "files": list(files[:_NAMED_FILES]),
            "schema": schema.jsonValue(),
        }
        number = 0 if version is None else version + 1
        unfinished = directory / f".{number}.tmp"
        unfinished.write_text(json.dumps(content, indent=1))
        unfinished.replace(directory / str(number))
