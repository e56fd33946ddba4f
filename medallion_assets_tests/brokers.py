"""One Kafka broker for the whole run, and topics of its own a test."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

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

    @contextmanager
    def transaction(self, topic: str, values: Iterable[bytes], *, commit: bool) -> Iterator[None]:
        """Write events in a transaction that ends after the block."""
        producer = Producer(
            {
                "bootstrap.servers": self.services.broker.bootstrap_servers,
                "transactional.id": uuid.uuid4().hex,
            }
        )
        producer.init_transactions(30)
        producer.begin_transaction()
        for value in values:
            producer.produce(self.name(topic), value, partition=0)
        producer.flush(30)
        yield
        if commit:
            producer.commit_transaction(30)
        else:
            producer.abort_transaction(30)

    def delete_before(self, topic: str, offset: int) -> None:
        """What a topic's retention does."""
        partition = TopicPartition(self.name(topic), 0, offset)
        # Its answers are lost with the client.
        admin = self._admin
        for done in admin.delete_records([partition]).values():
            done.result(30)

    def delete(self, topic: str) -> None:
        """Delete a topic, and wait until it is gone."""
        admin = self._admin
        for done in admin.delete_topics([self.name(topic)]).values():
            done.result(30)
        while self.name(topic) in admin.list_topics(timeout=10).topics:
            time.sleep(0.05)

    @property
    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.services.broker.bootstrap_servers})
