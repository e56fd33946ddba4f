"""Debezium's connector for PostgreSQL: which tables go to which topics, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from development.services.database import USER
from development.services.ports import HOST

_JSON = "org.apache.kafka.connect.json.JsonConverter"


@dataclass(frozen=True)
class DebeziumConnector:
    """The changes of tables, each to the topic `<name>.<schema>.<table>`.

    Attributes:
        name: of the connector, and what its topics begin with.
        tables: with their schema, as in `public.customers`.
        schemas_enable: whether every event carries its schema (`{"schema": ..., "payload": ...}`).
        partitions: of each topic that is not there yet; a transaction is spread over them.
        settings: more of Debezium's, or others than those here.
    """

    name: str
    tables: tuple[str, ...]
    schemas_enable: bool = False
    partitions: int = 2
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def topics(self) -> tuple[str, ...]:
        """A topic a table."""
        return tuple(f"{self.name}.{table}" for table in self.tables)

    def configuration(self, database: str, port: int) -> dict[str, str]:
        """What Kafka Connect is told.

        Args:
            database: where the tables are.
            port: of its server.
        """
        schemas = str(self.schemas_enable).lower()
        return {
            "name": self.name,
            "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
            "database.hostname": HOST,
            "database.port": str(port),
            "database.user": USER,
            "database.dbname": database,
            "plugin.name": "pgoutput",
            # A replication slot and a publication serve one connector.
            "slot.name": f"debezium_{self.name}",
            "publication.name": f"debezium_{self.name}",
            "publication.autocreate.mode": "filtered",
            "table.include.list": ",".join(self.tables),
            "topic.prefix": self.name,
            "snapshot.mode": "initial",
            # Exact in every reader.
            "decimal.handling.mode": "string",
            "key.converter": _JSON,
            "key.converter.schemas.enable": schemas,
            "value.converter": _JSON,
            "value.converter.schemas.enable": schemas,
            "poll.interval.ms": "100",
            **self.settings,
        }
