"""SIGKILL at any instant, the broker gone in between: nothing is lost, nothing doubled."""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from development.services import Services
from medallion_assets.lakehouse.kafka.broker import Broker
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.chain.driver import DRIVER
from medallion_assets_tests.chain.linked import Chain, linked_chain
from medallion_assets_tests.driver_process import Driver, drivers

KILLS = int(os.environ.get("MEDALLION_TEST_KILLS", "4"))
KEYS = 12
BROKER_GOES_EVERY = 4
LONGEST_SECONDS = 10.0
"""What a new process needs for a round over tables that all have something new, about."""


@dataclass
class Writer:
    """What goes on at the three sources while processes come and go."""

    chain: Chain
    topics: Topics
    dice: random.Random
    orders: int = 0
    clicks: int = 0
    pages: Counter[str] = field(default_factory=Counter)

    def write(self) -> None:
        """Some changes, events and files more."""
        self._change_customers()
        for partition in (0, 1):
            self._click(partition, self.dice.randrange(30, 60))
        end = self.orders + self.dice.randrange(1, 6)
        self.chain.land_orders(self.orders, end)
        self.orders = end

    def _change_customers(self) -> None:
        statements = []
        for _ in range(self.dice.randrange(4, 12)):
            key, country = self.dice.randrange(KEYS), self.dice.choice(("DE", "FR", "IT"))
            credit = self.dice.randrange(1000)
            statements.append(
                f"delete from public.customers where id = {key};"
                if self.dice.random() < 0.3
                else f"insert into public.customers values ({key}, 'n', '{country}', {credit}) "
                "on conflict (id) do update set country = excluded.country, "
                "credit = excluded.credit;"
            )
        # Some together in one transaction, the rest each in its own.
        together = self.dice.randrange(len(statements))
        self.chain.database.execute(
            "\n".join(["begin;", *statements[:together], "commit;", *statements[together:]])
        )

    def _click(self, partition: int, count: int) -> None:
        values = []
        for number in range(self.clicks, self.clicks + count):
            page = f"/{number % 7}"
            self.pages[page] += 1
            values.append(f'{{"click": {number}, "page": "{page}"}}'.encode())
        self.clicks += count
        # The first of them is sent twice, as a producer does that has missed an answer.
        self.topics.send("clicks", [*values, values[0]], partition=partition)


@pytest.mark.process
@pytest.mark.timeout(7200)
def test_nothing_is_lost_or_doubled_whatever_is_killed(
    services: Services, topics: Topics, lake: Lake, spark: object
) -> None:
    dice = random.Random(KILLS)
    with linked_chain(services, topics, lake) as chain, drivers() as started:
        chain.database.capture()
        topics.create("clicks", partitions=2)
        writer = Writer(chain, topics, dice)
        met = Counter[str]()
        for kill in range(KILLS):
            writer.write()
            # Each begins with another table, so that every table is killed at its first run, too.
            driver = Driver(
                DRIVER,
                *(lake.root, lake.landing, topics.cluster.bootstrap_servers, topics.prefix),
                kill % len(chain.lakehouse.tables),
            )
            started.append(driver)
            driver.wait_for("session")
            if kill % BROKER_GOES_EVERY == BROKER_GOES_EVERY - 1:
                take_broker_away(services, dice)
            time.sleep(dice.uniform(0.0, LONGEST_SECONDS))
            driver.kill(with_engine=dice.random() < 0.5)
            while driver.next_line(0.05) is not None:
                pass
            began = [line for line in driver.said if line.startswith("start ")]
            met[began[-1] if began and "round" not in driver.said else "nothing"] += 1
        assert met["nothing"] < KILLS / 2, met
        print(f"Killed in {met}")
        writer.write()
        chain.follows("id", "name", "country", "credit")
        events_are_there_once(chain, topics)
        assert chain.held("gold.clicks_by_page", "page", "count") == set(writer.pages.items())
        assert len(chain.rows("bronze.orders", "order_id")) == writer.orders


def take_broker_away(services: Services, dice: random.Random) -> None:
    """For a moment, in order or by a crash, in the middle of what the driver does."""
    time.sleep(dice.uniform(0.0, LONGEST_SECONDS / 2))
    if dice.random() < 0.5:
        services.broker.stop()
    else:
        services.broker.kill()
    time.sleep(dice.uniform(0.0, 3.0))
    services.broker.start()


def events_are_there_once(chain: Chain, topics: Topics) -> None:
    """Every offset of every partition is in bronze, once."""
    for table in ("bronze.clicks", "bronze.customers"):
        found = Counter(
            (row["topic"], row["partition"], row["offset"])
            for row in chain.rows(table, "topic", "partition", "offset")
        )
        names = {topic for topic, _, _ in found}
        ends = Broker(topics.cluster).offsets(names.__contains__).latest
        expected = {
            (*partition, offset) for partition, end in ends.items() for offset in range(end)
        }
        assert set(found) == expected
        assert set(found.values()) == {1}, table
