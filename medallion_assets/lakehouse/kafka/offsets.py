"""Offsets of topics' partitions, and what two sets of them mean together: pure decisions."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class TopicPartition(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


Offsets = Mapping[TopicPartition, int]
"""For each partition the offset of the next event."""


@dataclass(frozen=True)
class Gap:
    """Events that the cluster no longer has and the stream has not read.

    Attributes:
        partition: where.
        first: the offset of the first one.
        end: the offset after the last one.
        reason: what happened to them.
    """

    partition: TopicPartition
    first: int
    end: int
    reason: str

    @property
    def events(self) -> int:
        """How many offsets that are; after a compaction not each of them has an event."""
        return self.end - self.first

    def __str__(self) -> str:
        last = f" to {self.end - 1}" if self.events > 1 else ""
        return f"{self.partition} offset {self.first}{last}: {self.reason}"


def parsed(said: str) -> Offsets:
    """Offsets as Spark's Kafka source writes them, `{"topic": {"0": 12}}`."""
    return {
        TopicPartition(topic, int(partition)): int(offset)
        for topic, partitions in json.loads(said).items()
        for partition, offset in partitions.items()
    }


def signature(offsets: Offsets) -> str:
    """The same few characters for the same offsets, however many partitions there are."""
    said = " ".join(f"{partition}:{offset}" for partition, offset in sorted(offsets.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:16] if said else "none"


def unread(position: Offsets, earliest: Offsets, latest: Offsets) -> dict[TopicPartition, int]:
    """How many offsets of each partition are still to be read; partitions without any are left out.

    Args:
        position: of the stream; a partition it has not seen is read from its beginning, as Spark
            does with partitions that appear.
        earliest: the first offset the cluster has of each partition.
        latest: the offset after the last one.
    """
    counts = {
        partition: end - max(position.get(partition, 0), earliest.get(partition, 0))
        for partition, end in latest.items()
    }
    return {partition: count for partition, count in counts.items() if count > 0}


def gaps(position: Offsets, earliest: Offsets, latest: Offsets) -> tuple[Gap, ...]:
    """What the stream has not read and the cluster no longer has.

    Args:
        position: of the stream.
        earliest: the first offset the cluster has of each partition.
        latest: the offset after the last one.
    """
    found = []
    for partition, offset in sorted(position.items()):
        if partition not in latest:
            found.append(Gap(partition, offset, offset, "the topic or partition was deleted"))
        elif latest[partition] < offset:
            reason = f"the topic was made anew, and the stream had read to {offset} of the old one"
            found.append(Gap(partition, earliest[partition], latest[partition], reason))
        elif earliest[partition] > offset:
            reason = "deleted by the topic's retention before they were read"
            found.append(Gap(partition, offset, earliest[partition], reason))
    return tuple(found)
