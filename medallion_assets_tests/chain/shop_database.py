"""A PostgreSQL table of customers, Debezium's connector on it, and what a query says of both.

A trigger writes every state of a row into `audit`: what a history has to say, told by the database.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from development.services import DebeziumConnector, Services

Row = tuple[Any, ...]

_TABLES = """
create table public.customers (
    id bigint primary key, name text, country text, credit numeric(12,2)
);
alter table public.customers replica identity full;
create table public.orders (order_id bigint primary key, customer_id bigint, amount bigint);
create table public.audit (step bigserial, id bigint, op text, row jsonb);
create function public.note() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' and (tg_op = 'DELETE' or new.id <> old.id) then
        insert into public.audit (id, op) values (old.id, 'd');
    end if;
    if tg_op <> 'DELETE' then
        insert into public.audit (id, op, row) values (new.id, 'u', to_jsonb(new));
    end if;
    return null;
end $$;
create trigger noted after insert or update or delete on public.customers
    for each row execute function public.note();
"""


@dataclass(frozen=True)
class ShopDatabase:
    """The database of one test.

    Args:
        services: where it runs.
        name: of the connector, and what its topic begins with.
    """

    services: Services
    name: str

    def create(self) -> None:
        """Create the tables; the connector is not there yet."""
        self.services.database.execute(_TABLES)

    def capture(self) -> None:
        """Let Debezium read the customers."""
        self.services.connect.register(DebeziumConnector(self.name, ("public.customers",)))

    def drop(self) -> None:
        """Delete connector and tables."""
        if self.name in self.services.connect.connectors():
            self.services.connect.delete_connector(self.name)
        self.services.database.execute(
            "drop table if exists public.customers, public.orders, public.audit cascade;"
            "drop function if exists public.note;"
        )

    def execute(self, sql: str) -> None:
        """Run statements."""
        self.services.database.execute(sql)

    def rows(self, query: str) -> set[Row]:
        """The rows of a query."""
        return {tuple(map(exact, row.values())) for row in self.services.database.rows(query)}

    def histories(self, *columns: str) -> dict[int, list[Row | None]]:
        """For each key the states of its row, one after the other; None where it was deleted."""
        found: dict[int, list[Row | None]] = {}
        for note in self.services.database.rows(
            "select id, op, row from public.audit order by step"
        ):
            row: Any = note["row"]
            state = None if row is None else tuple(exact(row.get(name)) for name in columns)
            states = found.setdefault(int(str(note["id"])), [])
            # The same state again is no new version, and a key that is not there is not deleted.
            if state != (states[-1] if states else None):
                states.append(state)
        return found


def exact(value: Any) -> Any:
    """Numbers as whole hundredths, so that every reader's compare."""
    return Decimal(str(value)).quantize(Decimal("0.01")) if isinstance(value, Decimal) else value


def versions(rows: list[dict[str, Any]], *columns: str) -> dict[int, list[Row | None]]:
    """A stored history in the shape of `histories`."""
    found: dict[int, list[Row | None]] = {}
    for row in sorted(rows, key=lambda row: _key(row["__START_AT"])):
        found.setdefault(row["id"], []).extend(_states(row, columns, rows))
    return found


def _states(
    row: dict[str, Any], columns: tuple[str, ...], rows: list[dict[str, Any]]
) -> Iterator[Row | None]:
    yield tuple(exact(row.get(name)) for name in columns)
    ended = row["__END_AT"]
    follows = any(other["id"] == row["id"] and other["__START_AT"] == ended for other in rows)
    if ended is not None and not follows:
        yield None


def _key(sequence: Any) -> Any:
    return tuple(sequence.values()) if isinstance(sequence, dict) else sequence
