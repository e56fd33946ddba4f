"""A test bench: a Kafka broker, PostgreSQL, and Kafka Connect with Debezium's connector.

Real servers out of published packages, on the loopback alone, below one directory.
"""

from __future__ import annotations

from development.services.bench import Services
from development.services.connector import DebeziumConnector
from development.services.ports import Ports

__all__ = ["DebeziumConnector", "Ports", "Services"]
