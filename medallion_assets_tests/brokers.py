"""One Kafka broker for the whole run, and topics of its own a test."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Producer

from development.services import Services
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster

Event = tuple[bytes | None, bytes | None]


@dataclass(frozen=True)
class Topics:
    """The broker, and names that no other test uses."""

    services: Services
    prefix: str = field(default_factory=lambda: uuid.uuid4().hex[:8])

    @property
    def cluster(self) -> KafkaCluster:
        """How the product reaches it."""
        return KafkaCluster(bootstrap_servers=self.services.broker.bootstrap_servers)

    def name(self, topic: str) -> str:
        """What a topic is called here."""
        return f"{self.prefix}.{topic}"

    def create(
        self, topic: str, partitions: int = 1, settings: Mapping[str, str] | None = None
    ) -> str:
        """Create a topic and tell its name."""
        self.services.broker.create_topic(self.name(topic), partitions, settings)
        return self.name(topic)

    def send(
        self,
        topic: str,
        values: Iterable[bytes | None],
        *,
        key: bytes | None = None,
        partition: int = 0,
        headers: Sequence[tuple[str, bytes]] = (),
    ) -> None:
        """Write events and wait until the broker has them."""
        producer = Producer(
            {"bootstrap.servers": self.services.broker.bootstrap_servers, "linger.ms": 5}
        )
        for value in values:
            producer.produce(
                self.name(topic), value, key=key, partition=partition, headers=list(headers)
            )
        assert producer.flush(30) == 0
