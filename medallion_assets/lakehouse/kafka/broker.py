"""What a Kafka cluster says of its topics, asked without Spark."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from medallion_assets.lakehouse.errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    MachineError,
)
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.kafka.offsets import Offsets, TopicPartition

if TYPE_CHECKING:
    from confluent_kafka import KafkaError

ANSWER_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.1
AGE_SECONDS = 3.0
"""For an age alone nobody waits long: after a compaction nothing may be there to be dated."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True)
class BrokerOffsets:
    """The first offset of each partition, and the one after the last."""

    earliest: Offsets
    latest: Offsets


@dataclass(frozen=True)
class Broker:
    """A cluster that is asked; a connection lasts as long as a question.

    Args:
        cluster: how it is reached.
        committed_only: whether events of transactions that are open or were broken off are hidden,
            as Spark does with `kafka.isolation.level` `read_committed`.
    """

    cluster: KafkaCluster
    committed_only: bool = False

    def offsets(self, is_wanted: Callable[[str], bool]) -> BrokerOffsets:
        """The offsets of the topics that are there.

        Args:
            is_wanted: which topics, by name.

        Raises:
            BrokerUnavailableError: it does not answer. Trying again helps.
            BrokerRefusedError: it does not let us in.
            MachineError: the client library or the credentials are missing.
        """
        from confluent_kafka import IsolationLevel, admin

        refusals: list[KafkaError] = []
        client = self._admin(refusals)
        # Not among the names the library declares as its own.
        spec: Any = vars(admin)["OffsetSpec"]

        def ask() -> BrokerOffsets:
            topics = client.list_topics(timeout=ANSWER_SECONDS).topics
            partitions = [
                TopicPartition(name, number)
                for name, topic in topics.items()
                if is_wanted(name)
                for number in topic.partitions
            ]
            level = IsolationLevel.READ_COMMITTED if self.committed_only else None
            return BrokerOffsets(
                _listed(client, partitions, spec.earliest(), None),
                _listed(client, partitions, spec.latest(), level),
            )

        return self._answered(lambda: _once_led(ask), client, refusals)

    def oldest_timestamp(self, wanted: Offsets) -> float | None:
        """When the oldest of the events at these offsets was written, in seconds since the epoch.

        None where there is none in time: after a compaction the offsets may hold nothing.

        Raises:
            BrokerUnavailableError: it does not answer. Trying again helps.
            BrokerRefusedError: it does not let us in.
            MachineError: the client library or the credentials are missing.
        """
        from confluent_kafka import Consumer
        from confluent_kafka import TopicPartition as Assigned

        if not wanted:
            return None
        refusals: list[KafkaError] = []
        # A group is asked for and never joined: partitions are assigned, nothing is committed.
        consumer = Consumer(
            {
                **self._options(refusals),
                "group.id": "medallion_assets",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                # One event a partition is looked at, not a megabyte of them.
                "fetch.message.max.bytes": 1024,
                "queued.max.messages.kbytes": 64,
            }
        )

        def ask() -> float | None:
            consumer.assign([Assigned(*partition, offset) for partition, offset in wanted.items()])
            return _oldest(consumer, len(wanted))

        try:
            return self._answered(ask, consumer, refusals)
        finally:
            consumer.close()

    def _admin(self, refusals: list[KafkaError]) -> Any:
        try:
            from confluent_kafka.admin import AdminClient
        except ImportError:
            raise MachineError(
                "The package confluent-kafka is not installed, which asks a Kafka cluster for its "
                "offsets. Install the locked packages: pip install -r requirements.lock"
            ) from None
        return AdminClient(self._options(refusals))

    def _options(self, refusals: list[KafkaError]) -> dict[str, Any]:
        def note(error: KafkaError) -> None:
            refusals.append(error)

        return {
            **self.cluster.client_options(),
            "error_cb": note,
            "socket.connection.setup.timeout.ms": 5000,
            # What it has to say comes back as an error, not as lines on standard error.
            "log_level": 0,
        }

    def _answered(
        self, ask: Callable[[], _Answer], client: Any, refusals: list[KafkaError]
    ) -> _Answer:
        from confluent_kafka import KafkaError, KafkaException

        try:
            return ask()
        except KafkaException as failure:
            own = failure.args[0]
            # Only then are the causes told that were met on the way.
            client.poll(0)
            refused = (
                KafkaError._AUTHENTICATION,
                KafkaError.SASL_AUTHENTICATION_FAILED,
                KafkaError.TOPIC_AUTHORIZATION_FAILED,
                KafkaError.CLUSTER_AUTHORIZATION_FAILED,
            )
            for said in (own, *refusals):
                if said.code() in refused:
                    raise BrokerRefusedError(
                        f"The Kafka cluster {self.cluster.bootstrap_servers} refuses the user: "
                        f"{_reason(said)}. Check {self.cluster.environment}_SASL_USERNAME and "
                        "_SASL_PASSWORD and what that user may read."
                    ) from failure
            reason = _reason(refusals[0] if refusals else own)
            raise BrokerUnavailableError(
                f"The Kafka cluster {self.cluster.bootstrap_servers} does not answer: {reason}. "
                "Nothing is lost: the stream goes on where it stands once it answers again."
            ) from failure


def _once_led(ask: Callable[[], _Answer]) -> _Answer:
    """Ask until the partitions have leaders that know of it.

    After a broker's start, and after topics were made, that takes a moment, the longer the more
    partitions there are; the broker answers before.
    """
    from confluent_kafka import KafkaError, KafkaException

    passing = (
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.UNKNOWN_TOPIC_OR_PART,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
        KafkaError.OFFSET_NOT_AVAILABLE,
    )
    until = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            return ask()
        except KafkaException as failure:
            if failure.args[0].code() not in passing or time.monotonic() > until:
                raise
        time.sleep(_LOOK_AGAIN_SECONDS)


def _listed(
    client: Any, partitions: Iterable[TopicPartition], spec: Any, isolation: Any
) -> dict[TopicPartition, int]:
    from confluent_kafka import TopicPartition as Asked

    asked = {Asked(*partition): spec for partition in partitions}
    if not asked:
        return {}
    level = {} if isolation is None else {"isolation_level": isolation}
    futures = client.list_offsets(asked, request_timeout=ANSWER_SECONDS, **level)
    return {
        TopicPartition(one.topic, one.partition): int(future.result().offset)
        for one, future in futures.items()
    }


def _oldest(consumer: Any, partitions: int) -> float | None:
    from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, KafkaException

    found: dict[TopicPartition, float] = {}
    until = time.monotonic() + AGE_SECONDS
    while len(found) < partitions and (left := until - time.monotonic()) > 0:
        event = consumer.poll(left)
        if event is None:
            break
        if event.error():
            raise KafkaException(event.error())
        kind, milliseconds = event.timestamp()
        partition = TopicPartition(event.topic(), event.partition())
        if kind != TIMESTAMP_NOT_AVAILABLE and partition not in found:
            found[partition] = milliseconds / 1000
    return min(found.values(), default=None)


def _reason(error: KafkaError) -> str:
    """The cause in the client's message, without its own name and the time it took."""
    text = re.sub(r"^\S+?/bootstrap: ", "", error.str())
    return re.sub(r" \(after \d+ms.*\)$", "", text).rstrip(".")
