"""What every service of the bench has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

from development.services.processes import BackgroundProcess


class Service(ABC):
    """A server that is started, stopped and killed alone."""

    @property
    @abstractmethod
    def process(self) -> BackgroundProcess:
        """The operating system's process."""

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it is ready; one that runs is left alone.

        Raises:
            MachineError: a program or the network is missing.
            PortTakenError: another program listens on its port.
            ServiceFailedError: it did not start.
        """

    @property
    def running(self) -> bool:
        """Whether the process that was started here still runs."""
        return self.process.identity is not None

    def stop(self) -> None:
        """Let it end in order; nothing happens where it does not run."""
        self.process.stop()

    def kill(self) -> None:
        """End it as a crash does."""
        self.process.kill()

    def restart(self) -> None:
        """Stop it in order and start it again."""
        self.stop()
        self.start()
