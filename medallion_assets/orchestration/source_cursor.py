"""What a source's sensor remembers between two ticks: a few numbers, never a list of files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

LONGEST_POSITION = 3000
"""Bytes of a cursor's position in JSON; with it the whole cursor stays below 4 KB."""


@dataclass(frozen=True)
class SourceCursor:
    """The memory of a source's sensor.

    Attributes:
        taken: how far the source's stream had come when the last run was requested.
        attempt: how often in a row a run was requested because the one before did not help.
        reported: what was last reported for the source, in short.
        resume_after: where the next look goes on when the last one ran out of time.
    """

    taken: str | None = None
    attempt: int = 0
    reported: str | None = None
    resume_after: str | None = None

    def to_json(self) -> str:
        """The cursor as Dagster stores it."""
        held = {name: value for name, value in asdict(self).items() if value is not None}
        if self.resume_after is not None:
            held["resume_after"] = _short(self.resume_after)
        # In ASCII: a file name that is not UTF-8 has characters that no database takes.
        return json.dumps(held)

    @classmethod
    def from_json(cls, stored: str | None) -> SourceCursor:
        """Read a stored cursor; one that is damaged or of another version starts afresh.

        Starting afresh is harmless: checkpoints know what was taken, the cursor does not.
        """
        try:
            held = json.loads(stored or "{}")
            known = {field.name for field in fields(cls)}
            return cls(**{name: value for name, value in held.items() if name in known})
        except (ValueError, TypeError, AttributeError):
            return cls()


def _short(position: str) -> str:
    # A prefix sorts before the whole: the next look sees some files again and misses none.
    position = position[:LONGEST_POSITION]
    while len(json.dumps(position)) > LONGEST_POSITION:
        position = position[:-100]
    return position
