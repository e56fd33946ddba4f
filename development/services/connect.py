"""Kafka Connect, one worker on its own, which runs Debezium's connectors."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from development.services.broker import Broker
from development.services.connector import DebeziumConnector
from development.services.database import Database
from development.services.errors import ServiceFailedError
from development.services.java import JavaProgram
from development.services.packages import fetch
from development.services.ports import HOST, require_free
from development.services.processes import BackgroundProcess
from development.services.properties import write_properties
from development.services.service import Service

_READY_SECONDS = 90
_LOOK_AGAIN_SECONDS = 0.1


@dataclass(frozen=True)
class ConnectWorker(Service):
    """The worker of a bench; connectors and how far they have come stay when it is stopped.

    Attributes:
        directory: where its settings, the connectors' and its log are.
        broker: which it writes to; has to run.
        database: which its connectors read; has to run.
    """

    directory: Path
    broker: Broker
    database: Database

    @property
    def url(self) -> str:
        """Its REST interface."""
        return f"http://{HOST}:{self._port}"

    @property
    def process(self) -> BackgroundProcess:
        """The operating system's process."""
        return BackgroundProcess("Kafka Connect", self.directory)

    def start(self) -> None:
        """Start it with the connectors it has, and wait until they run; see `Service.start`."""
        if self.running:
            return
        require_free(self._port, self.process.name)
        self._connectors.mkdir(parents=True, exist_ok=True)
        properties = self.directory / "worker.properties"
        write_properties(properties, self._settings())
        self._unfinished_archive.unlink(missing_ok=True)
        command = self._program.command(
            str(properties), unfinished_archive=self._unfinished_archive
        )
        self.process.start(command, self._ready, _READY_SECONDS)
        # A worker on its own keeps no connectors.
        for kept in sorted(self._connectors.glob("*.json")):
            self._configure(json.loads(kept.read_text()))

    def stop(self) -> None:
        """Let it end in order; nothing happens where it does not run."""
        if self.process.stop():
            self._program.keep_archive(self._unfinished_archive)

    def register(self, connector: DebeziumConnector) -> None:
        """Run a connector, or one of that name with new settings, and wait until it runs.

        Raises:
            ServiceFailedError: Connect refused it, or it failed.
        """
        # Debezium would create a topic with its first event; whoever reads it may come before.
        for topic in connector.topics:
            self.broker.create_topic(topic, connector.partitions)
        configuration = connector.configuration(self.database.name, self.database.ports.database)
        self._configure(configuration)
        (self._connectors / f"{connector.name}.json").write_text(json.dumps(configuration))

    def connectors(self) -> list[str]:
        """The names of the connectors it runs."""
        found: list[str] = json.loads(self._ask("GET", "/connectors"))
        return sorted(found)

    def restart_connector(self, name: str) -> None:
        """Stop a connector and its task and start them again; it goes on where it was.

        Raises:
            ServiceFailedError: there is none of that name, or it failed.
        """
        self._ask("POST", f"/connectors/{quote(name)}/restart?includeTasks=true")
        self._wait_until_running(name)

    def delete_connector(self, name: str) -> None:
        """Forget a connector, and what the database keeps for it; its topics stay.

        Raises:
            ServiceFailedError: there is none of that name.
        """
        self._ask("DELETE", f"/connectors/{quote(name)}")
        (self._connectors / f"{name}.json").unlink(missing_ok=True)
        self.database.drop_replication(f"debezium_{name}")

    @property
    def _port(self) -> int:
        return self.broker.ports.connect

    @property
    def _connectors(self) -> Path:
        return self.directory / "connectors"

    @property
    def _program(self) -> JavaProgram:
        return JavaProgram(
            fetch(), "org.apache.kafka.connect.cli.ConnectStandalone", heap_megabytes=256
        )

    @property
    def _unfinished_archive(self) -> Path:
        return self.directory / "classes.jsa"

    def _settings(self) -> dict[str, object]:
        json_converter = "org.apache.kafka.connect.json.JsonConverter"
        return {
            "bootstrap.servers": self.broker.bootstrap_servers,
            "listeners": self.url,
            "key.converter": json_converter,
            "value.converter": json_converter,
            "offset.storage.file.filename": self.directory / "offsets",
            "offset.flush.interval.ms": 500,
            "plugin.path": fetch().plugins,
            # What says of itself that it is a plugin: no search through all classes.
            "plugin.discovery": "service_load",
        }

    def _ready(self) -> bool:
        try:
            self._ask("GET", "/connectors")
        except (OSError, http.client.HTTPException, ServiceFailedError):
            return False
        return True

    def _configure(self, configuration: Mapping[str, str]) -> None:
        name = configuration["name"]
        self._ask("PUT", f"/connectors/{quote(name)}/config", json.dumps(configuration))
        self._wait_until_running(name)

    def _wait_until_running(self, name: str) -> None:
        end = time.monotonic() + _READY_SECONDS
        states: list[str] = []
        while len(states) == 1 or set(states) != {"RUNNING"}:
            if time.monotonic() > end:
                raise ServiceFailedError(
                    f"The connector {name} does not run: {states}. See {self.process.log}."
                )
            time.sleep(_LOOK_AGAIN_SECONDS)
            states = self._states(name)

    def _states(self, name: str) -> list[str]:
        """The states of a connector and of its tasks, which it gets a moment later."""
        status = json.loads(self._ask("GET", f"/connectors/{quote(name)}/status"))
        parts = [status["connector"], *status["tasks"]]
        for part in parts:
            if part["state"] == "FAILED":
                raise ServiceFailedError(f"The connector {name} failed: {part['trace']}")
        return [part["state"] for part in parts]

    def _ask(self, method: str, path: str, body: str | None = None) -> str:
        # Not urllib, which would ask a proxy for it.
        connection = http.client.HTTPConnection(HOST, self._port, timeout=_READY_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read().decode()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise ServiceFailedError(f"Kafka Connect refused {method} {path}: {answer}")
        return answer
