"""The errors of the test bench: what the machine lacks is a `MachineError`."""

from __future__ import annotations

from medallion_assets.lakehouse.errors import TerminalError


class PortTakenError(TerminalError):
    """Another program listens on a port that a service needs."""


class ServiceFailedError(TerminalError):
    """A service ended or refused what it was asked; the message has the end of its log."""
