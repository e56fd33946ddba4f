"""What topics hold that their table does not: one look, without Spark."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from medallion_assets.lakehouse.errors import EventsLostError
from medallion_assets.lakehouse.kafka.broker import Broker
from medallion_assets.lakehouse.kafka.offsets import Gap, Offsets, TopicPartition, gaps, unread
from medallion_assets.lakehouse.kafka.position import first, position
from medallion_assets.lakehouse.tables.kafka_topics import KafkaTopics


@dataclass(frozen=True)
class TopicState:
    """What one look saw.

    Attributes:
        source: whose topics.
        begun: whether the stream has a position; until then `startingOffsets` says where it is.
        position: the offsets up to which it has read.
        latest: the offset after the last event of each partition.
        unread: how many offsets of each partition are still to be read.
        gaps: what is gone before it was read.
        oldest_unread_age_seconds: how long ago the oldest unread event was written; None where
            there is none, or nobody asked.
    """

    source: KafkaTopics
    begun: bool
    position: Offsets
    latest: Offsets
    unread: dict[TopicPartition, int]
    gaps: tuple[Gap, ...]
    oldest_unread_age_seconds: float | None = None

    @property
    def events_waiting(self) -> int:
        """How many offsets are still to be read."""
        return sum(self.unread.values())

    @property
    def wants_run(self) -> bool:
        """Whether a run would change anything: begin, read events, or get over a gap."""
        return bool(self.unread or self.gaps) or (bool(self.latest) and not self.begun)

    def refuse_loss(self) -> None:
        """End the run where the source says that no event may be missing.

        Raises:
            EventsLostError: events are gone, and `failOnDataLoss` holds.
        """
        if self.gaps and self.source.fails_on_data_loss:
            raise EventsLostError(
                f"{self.source.name}: events are gone before they were read: "
                f"{'; '.join(map(str, self.gaps))}. Nothing was read. Set failOnDataLoss to false "
                "to go on with what is there: the gap is then reported and kept on record. Longer "
                "retention or more frequent runs prevent the next one."
            )


def broker_of(source: KafkaTopics) -> Broker:
    """The cluster as the source's stream sees it."""
    return Broker(source.cluster, committed_only=source.reads_committed_only)


def look(source: KafkaTopics, checkpoint: Path, *, ages: bool = True) -> TopicState:
    """Compare topics with the position of their stream.

    Args:
        source: the topics.
        checkpoint: of the stream.
        ages: whether to fetch the oldest unread events for their time.

    Raises:
        BrokerUnavailableError: the cluster does not answer. Trying again helps.
        BrokerRefusedError: it does not let us in.
        MachineError: the client library or the credentials are missing.
    """
    broker = broker_of(source)
    known = broker.offsets(source.takes)
    reached = position(checkpoint)
    here = reached or {}
    waiting = unread(here, known.earliest, known.latest)
    oldest = None
    if ages and waiting:
        first = {one: max(here.get(one, 0), known.earliest[one]) for one in waiting}
        oldest = broker.oldest_timestamp(first)
    return TopicState(
        source=source,
        begun=reached is not None,
        position=here,
        latest=known.latest,
        unread=waiting,
        gaps=gaps(here, known.earliest, known.latest),
        oldest_unread_age_seconds=None if oldest is None else max(0.0, time.time() - oldest),
    )


def require_whole(source: KafkaTopics, checkpoint: Path) -> None:
    """Refuse to read topics anew that no longer have all that was read of them.

    Args:
        source: the topics.
        checkpoint: of the stream that has read them.

    Raises:
        EventsLostError: some of it is gone.
        BrokerUnavailableError: the cluster does not answer. Trying again helps.
        BrokerRefusedError: it does not let us in.
        MachineError: the client library or the credentials are missing.
    """
    begun = first(checkpoint)
    if begun is None:
        return
    known = broker_of(source).offsets(source.takes)
    missing = gaps(begun, known.earliest, known.latest)
    if missing:
        raise EventsLostError(
            f"{source.name}: the table has events that its topics no longer have: "
            f"{'; '.join(map(str, missing))}. Read anew it would lack them, so it is left as it "
            "is. Rebuild the tables that are made of it instead."
        )
