"""What a new bench of `make services` holds: a topic for events, and a table whose changes flow."""

from __future__ import annotations

from development.services.bench import Services
from development.services.connector import DebeziumConnector

CLICKS = "clicks"
CUSTOMERS = DebeziumConnector("shop", ("public.customers",))

_TABLE = """
create table if not exists public.customers (
    customer_id bigint primary key,
    name text,
    email text,
    country text,
    segment text,
    updated_at timestamptz
);
-- So that a change shows the whole row as it was before.
alter table public.customers replica identity full;
"""


def furnish(services: Services) -> None:
    """Create what is not there yet; the services have to run."""
    services.broker.create_topic(CLICKS, partitions=2)
    if CUSTOMERS.name not in services.connect.connectors():
        services.database.execute(_TABLE)
        services.connect.register(CUSTOMERS)
