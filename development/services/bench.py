"""The services of one directory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from development.services.broker import Broker, Credentials
from development.services.connect import ConnectWorker
from development.services.database import Database
from development.services.ports import Ports
from development.services.service import Service


@dataclass(frozen=True)
class Services:
    """A bench of its own in a directory; each service is started and stopped alone or with all.

    Attributes:
        directory: where data, settings, logs and pid files are.
        ports: `Ports.free()` for a bench beside others.
        credentials: of the broker's listener with passwords.
    """

    directory: Path
    ports: Ports = field(default_factory=Ports)
    credentials: Credentials = field(default_factory=Credentials)

    def __post_init__(self) -> None:
        # The servers do not run in the directory of their caller.
        object.__setattr__(self, "directory", self.directory.absolute())

    @property
    def broker(self) -> Broker:
        """The Kafka broker; needs no other service."""
        return Broker(self.directory / "broker", self.ports, self.credentials)

    @property
    def database(self) -> Database:
        """PostgreSQL; needs no other service."""
        return Database(self.directory / "database", self.ports)

    @property
    def connect(self) -> ConnectWorker:
        """Kafka Connect with Debezium, from that database to that broker."""
        return ConnectWorker(self.directory / "connect", self.broker, self.database)

    @property
    def all(self) -> tuple[Service, ...]:
        """Every service, each after those it needs."""
        return (self.broker, self.database, self.connect)

    def start(self) -> None:
        """Start what does not run yet; see `Service.start`."""
        for service in self.all:
            service.start()

    def stop(self) -> None:
        """Stop what runs of it; the data stays."""
        for service in reversed(self.all):
            service.stop()

    def remove(self) -> None:
        """Stop it and delete its directory."""
        self.stop()
        self.database.remove()
        shutil.rmtree(self.directory, ignore_errors=True)
