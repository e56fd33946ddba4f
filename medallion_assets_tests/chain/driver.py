"""A process that runs the chain's tables over and over, for tests that end it in the middle.

`python -m medallion_assets_tests.chain.driver LAKE LANDING SERVERS PREFIX FIRST` says where it
is; it begins with the table of that number.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from medallion_assets.lakehouse.errors import TransientError
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.session import start_session
from medallion_assets_tests.chain.lakehouse import chain
from medallion_assets_tests.kafka_jars import cached_kafka_settings

DRIVER = "medallion_assets_tests.chain.driver"


def say(*words: object) -> None:
    print(*words, flush=True)


def main() -> None:
    root, landing, servers, prefix, first = sys.argv[1:]
    lake = Lake(Path(root), Path(landing))
    lakehouse = chain(KafkaCluster(bootstrap_servers=servers), prefix)
    tables = [*lakehouse.tables[int(first) :], *lakehouse.tables[: int(first)]]
    start_session(**{**cached_kafka_settings(), "spark.driver.memory": "1g"})
    say("session")
    while True:
        for table in tables:
            say("start", table.full_name)
            try:
                done = materialize(table, lake, start_session, progress=partial(say, "wrote"))
            except TransientError as error:
                # As Dagster does with such an error: another try, later.
                say("again", error)
                break
            if not done.rows.conserved:
                raise AssertionError(f"{table.full_name}: {done.rows}")
        say("round")


if __name__ == "__main__":
    main()
