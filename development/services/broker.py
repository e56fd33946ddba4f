"""A Kafka broker that is its own controller (KRaft)."""

from __future__ import annotations

import base64
import subprocess
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from development.services.errors import ServiceFailedError
from development.services.java import JavaProgram
from development.services.packages import fetch
from development.services.ports import HOST, Ports, answers, require_free
from development.services.processes import BackgroundProcess
from development.services.properties import write_properties
from development.services.service import Service

_READY_SECONDS = 60
_ANSWER_SECONDS = 10
_LOOK_AGAIN_SECONDS = 1


@dataclass(frozen=True)
class Credentials:
    """Who may use the listener with passwords (SASL/PLAIN)."""

    user: str = "medallion"
    password: str = field(default="medallion-secret", repr=False)

    def jaas(self) -> str:
        """The broker's setting for it."""
        return (
            "org.apache.kafka.common.security.plain.PlainLoginModule required "
            f"user_{self.user}={_quoted(self.password)};"
        )


@dataclass(frozen=True)
class Broker(Service):
    """The broker of a bench; its topics stay when it is stopped, and also when it is killed.

    Attributes:
        directory: where its data, settings and log are.
        ports: where it listens.
        credentials: for the listener at `sasl_bootstrap_servers`.
    """

    directory: Path
    ports: Ports = field(default_factory=Ports)
    credentials: Credentials = field(default_factory=Credentials)

    @property
    def bootstrap_servers(self) -> str:
        """The listener without security."""
        return f"{HOST}:{self.ports.broker}"

    @property
    def sasl_bootstrap_servers(self) -> str:
        """The listener with `security.protocol=SASL_PLAINTEXT` and `sasl.mechanism=PLAIN`."""
        return f"{HOST}:{self.ports.broker_sasl}"

    @property
    def process(self) -> BackgroundProcess:
        """The operating system's process."""
        return BackgroundProcess("Kafka", self.directory)

    def start(self) -> None:
        """Start it and wait until it answers; see `Service.start`."""
        if self.running:
            return
        for port in (self.ports.broker, self.ports.controller, self.ports.broker_sasl):
            require_free(port, self.process.name)
        self.directory.mkdir(parents=True, exist_ok=True)
        properties = self.directory / "server.properties"
        write_properties(properties, self._settings())
        self._format(properties)
        self._unfinished_archive.unlink(missing_ok=True)
        command = self._program.command(
            str(properties), unfinished_archive=self._unfinished_archive
        )
        self.process.start(command, self._ready, _READY_SECONDS)

    def stop(self) -> None:
        """Let it end in order; nothing happens where it does not run."""
        if self.process.stop():
            self._program.keep_archive(self._unfinished_archive)

    def kill(self) -> None:
        """End it as a crash does. Starting it again then takes some 2 s longer."""
        self.process.kill()

    def create_topic(
        self, name: str, partitions: int = 1, settings: Mapping[str, str] | None = None
    ) -> bool:
        """Create a topic.

        Args:
            name: of the topic.
            partitions: their number.
            settings: such as `{"cleanup.policy": "compact"}`.

        Returns:
            False where there was one of that name already, which is left as it is.

        Raises:
            ServiceFailedError: the broker refused.
        """
        topic = NewTopic(name, partitions, 1, config=dict(settings or {}))
        # Its answers are lost with the client.
        admin = self._admin()
        created = admin.create_topics([topic], operation_timeout=_ANSWER_SECONDS)
        try:
            created[name].result()
        except KafkaException as error:
            if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
                return False
            raise ServiceFailedError(f"The topic {name} was not created: {error}") from error
        return True

    def topics(self) -> dict[str, int]:
        """The number of partitions of each topic; Kafka's own topics are left out."""
        found = self._admin().list_topics(timeout=_ANSWER_SECONDS).topics
        return {
            name: len(topic.partitions)
            for name, topic in sorted(found.items())
            if not name.startswith("__")
        }

    def _ready(self) -> bool:
        if not (answers(self.ports.broker) and answers(self.ports.broker_sasl)):
            return False
        try:
            # It listens before it takes itself for one of the brokers that may hold topics.
            return bool(self._admin().list_topics(timeout=_LOOK_AGAIN_SECONDS).brokers)
        except KafkaException:
            return False

    def _admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})

    @property
    def _program(self) -> JavaProgram:
        return JavaProgram(fetch(), "kafka.Kafka", heap_megabytes=256)

    @property
    def _unfinished_archive(self) -> Path:
        return self.directory / "classes.jsa"

    def _format(self, properties: Path) -> None:
        if (self.directory / "data" / "meta.properties").exists():
            return
        tool = JavaProgram(fetch(), "kafka.tools.StorageTool", heap_megabytes=64)
        arguments = ["format", "--ignore-formatted", "-t", _cluster_id(), "-c", str(properties)]
        done = subprocess.run(
            tool.command(*arguments), cwd="/", capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ServiceFailedError(
                f"Kafka could not prepare {self.directory / 'data'}: "
                f"{done.stderr.strip() or done.stdout.strip()}"
            )

    def _settings(self) -> dict[str, object]:
        controller = f"{HOST}:{self.ports.controller}"
        client_listeners = (
            f"PLAINTEXT://{self.bootstrap_servers},SASL://{self.sasl_bootstrap_servers}"
        )
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": f"{client_listeners},CONTROLLER://{controller}",
            "advertised.listeners": client_listeners,
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": (
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL:SASL_PLAINTEXT"
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            "sasl.enabled.mechanisms": "PLAIN",
            "listener.name.sasl.plain.sasl.jaas.config": self.credentials.jaas(),
            "log.dirs": self.directory / "data",
            # Records with old timestamps would be deleted as soon as they are in.
            "log.retention.ms": -1,
            # A broker that was killed is let in again only when its old session has ended: 9 s.
            "broker.session.timeout.ms": 2000,
            "broker.heartbeat.interval.ms": 500,
            # One broker keeps one copy, and few groups need few partitions.
            "offsets.topic.num.partitions": 1,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            "group.initial.rebalance.delay.ms": 0,
        }


def _cluster_id() -> str:
    """A random id as Kafka spells them; a dash in front would be taken for an option."""
    while True:
        spelled = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not spelled.startswith("-"):
            return spelled


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
