"""The services of one directory."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from development.services.broker import Broker, Credentials
from development.services.ports import Ports


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

    @property
    def broker(self) -> Broker:
        """The Kafka broker."""
        return Broker(self.directory / "broker", self.ports, self.credentials)

    def stop(self) -> None:
        """Stop what runs of it; the data stays."""
        self.broker.stop()

    def remove(self) -> None:
        """Stop it and delete its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)
