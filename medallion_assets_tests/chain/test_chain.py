"""From PostgreSQL by Debezium and Kafka to gold: it equals what a query on PostgreSQL says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from development.services import Services
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.chain.linked import Chain, linked_chain

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]


@pytest.fixture
def linked(services: Services, topics: Topics, lake: Lake, spark: SparkSession) -> Iterator[Chain]:
    with linked_chain(services, topics, lake) as chain:
        yield chain


def test_the_lake_follows_the_database(linked: Chain) -> None:
    database = linked.database
    # Read as a snapshot.
    database.execute(
        "insert into public.customers select n, 'name ' || n, "
        "(array['DE', 'FR', null])[n % 3 + 1], n * 1.5 from generate_series(1, 12) n;"
    )
    database.capture()
    linked.land_orders(0, 20)
    linked.follows("id", "name", "country", "credit")
    # Read as changes: one transaction over many rows, one row over many transactions.
    database.execute(
        """
        begin;
        update public.customers set country = 'IT' where id <= 4;
        update public.customers set credit = credit + 0.25 where id in (2, 3, 11);
        delete from public.customers where id = 3;
        insert into public.customers values (3, 'again', 'FR', null), (20, 'new', 'DE', 7);
        commit;
        update public.customers set name = 'one' where id = 1;
        update public.customers set name = 'other' where id = 1;
        delete from public.customers where id in (5, 6);
        update public.customers set id = 30 where id = 7;
        """
    )
    linked.land_orders(20, 30)
    linked.follows("id", "name", "country", "credit")
    # The connector goes away and comes back, and the table has a column more.
    database.services.connect.restart_connector(database.name)
    database.execute("update public.customers set name = 'after a restart' where id = 8")
    database.services.connect.stop()
    database.execute(
        """
        alter table public.customers add column tier text;
        update public.customers set tier = 'gold', country = 'FR' where id in (1, 9);
        insert into public.customers values (40, 'tiered', 'IT', 1, 'silver');
        delete from public.customers where id = 20;
        """
    )
    database.services.connect.start()
    linked.follows("id", "name", "country", "credit", "tier")
    # What is known already changes nothing.
    before = {t.full_name: linked.lake.log(t).version() for t in linked.lakehouse.tables}
    linked.run()
    assert {t.full_name: linked.lake.log(t).version() for t in linked.lakehouse.tables} == before
