"""A database at one end and a lake at the other, and what has to be equal in both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from development.services import Services
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.chain.lakehouse import chain
from medallion_assets_tests.chain.shop_database import Row, ShopDatabase, exact, versions
from medallion_assets_tests.lakehouse.delta_rows import rows, run

ARRIVES_SECONDS = 60


@dataclass(frozen=True)
class Chain:
    """The database at one end and the lake at the other."""

    database: ShopDatabase
    lakehouse: Lakehouse
    lake: Lake

    def run(self) -> None:
        for table in self.lakehouse.tables:
            assert run(table, self.lake).rows.conserved, table.full_name

    def rows(self, table: str, *columns: str) -> list[dict[str, Any]]:
        path = self.lake.path(self.lakehouse.table(table))
        found = rows(path) if path.is_dir() else []
        return [{name: row.get(name) for name in columns} for row in found]

    def held(self, table: str, *columns: str) -> set[Row]:
        return {tuple(map(exact, row.values())) for row in self.rows(table, *columns)}

    def follows(self, *columns: str) -> None:
        """Run until the customers are those of the database, then compare everything else."""
        said = self.database.rows(f"select {', '.join(columns)} from public.customers")
        until = time.monotonic() + ARRIVES_SECONDS
        self.run()
        while self.held("silver.customers", *columns) != said and time.monotonic() < until:
            time.sleep(0.3)
            self.run()
        assert self.held("silver.customers", *columns) == said
        stored = self.rows("silver.customers_history", *columns, "__START_AT", "__END_AT")
        assert versions(stored, *columns) == self.database.histories(*columns)
        assert self.held("gold.customers_by_country", "country", "customers", "credit") == (
            self.database.rows(
                "select country, count(*) as customers, sum(credit) as credit "
                "from public.customers group by country"
            )
        )
        assert self.held("gold.revenue", "country", "amount") == self.database.rows(
            "select country, sum(amount)::bigint as amount from public.orders "
            "left join public.customers on id = customer_id group by country"
        )

    def land_orders(self, first: int, end: int) -> None:
        """The same orders for the lake and for the query that it is compared with."""
        orders = [(n, n % 9, n * 10) for n in range(first, end)]
        values = ", ".join(f"({order}, {customer}, {amount})" for order, customer, amount in orders)
        self.database.execute(f"insert into public.orders values {values}")
        path = self.lake.landing / "orders" / f"{first}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            "".join(
                f'{{"order_id": {order}, "customer_id": {customer}, "amount": {amount}, '
                f'"seq": 1}}\n'
                for order, customer, amount in orders
            )
        )


@contextmanager
def linked_chain(services: Services, topics: Topics, lake: Lake) -> Iterator[Chain]:
    """A chain with an empty table, whose connector has not begun."""
    services.start()
    database = ShopDatabase(services, topics.prefix)
    database.create()
    topics.create("public.customers", partitions=2)
    try:
        yield Chain(database, chain(topics.cluster, topics.prefix), lake)
    finally:
        services.start()
        database.drop()
