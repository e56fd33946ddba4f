"""What a stream has lost, kept on record beside its checkpoint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.kafka.offsets import Gap, TopicPartition

_FILE = "_events_lost.json"


@dataclass(frozen=True)
class LostEvents:
    """The record of one stream."""

    checkpoint: Path

    def all(self) -> tuple[Gap, ...]:
        """Every gap, the first one first."""
        path = self.checkpoint / _FILE
        if not path.is_file():
            return ()
        return tuple(
            Gap(
                TopicPartition(gap["topic"], gap["partition"]),
                gap["first"],
                gap["end"],
                gap["reason"],
            )
            for gap in json.loads(path.read_text())
        )

    def add(self, gaps: tuple[Gap, ...]) -> tuple[Gap, ...]:
        """Put gaps on record; those that are there already are not added again.

        Returns:
            Those that were not.
        """
        known = self.all()
        new = tuple(gap for gap in gaps if gap not in known)
        if new:
            held = [
                {
                    "topic": gap.partition.topic,
                    "partition": gap.partition.partition,
                    "first": gap.first,
                    "end": gap.end,
                    "reason": gap.reason,
                }
                for gap in (*known, *new)
            ]
            write_whole(self.checkpoint / _FILE, held)
        return new
