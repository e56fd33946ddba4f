"""What every suite shares: one Spark session for the whole run, and a lake of its own a test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from development.services import Ports, Services
from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests import workers
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.kafka_jars import cached_kafka_settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling


# Of engines only those that a test starts; `MEDALLION_ENGINE=on make test` runs all on one.
os.environ.setdefault("MEDALLION_ENGINE", "off")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of several workers, let each begin with tests that take long, so that none ends alone."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: workers.rank(item.nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Share the tests among workers by what they need."""
    return workers.Scheduling(config, log)


@pytest.fixture(scope="session", autouse=True)
def engines() -> Iterator[None]:
    """Engines of this run alone, which end with it."""
    from medallion_assets.lakehouse.session.engine.place import DIRECTORY, places
    from medallion_assets.lakehouse.session.engine.starting import stop

    with TemporaryDirectory(prefix="engines-") as made, pytest.MonkeyPatch.context() as patch:
        patch.setenv(DIRECTORY, made)
        yield
        for place in places(Path(made)):
            stop(place, force=True)


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    from medallion_assets.lakehouse.session import start_session
    from medallion_assets.lakehouse.session.settings import QUICK

    return start_session(
        **{
            # One session has to do for all, those that read topics among them.
            **cached_kafka_settings(),
            "spark.driver.memory": "2g",
            # What a test runs ends before the optimizing compiler has paid off, and that would
            # take its processor from the other worker.
            **QUICK,
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            # Thousands of tables that nobody opens again would fill the heap: 1.4 GB near the end.
            "spark.databricks.delta.delta.log.cacheSize": "50",
        }
    )


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    """A bench on ports of its own: a test starts what it needs of it, which then stays up."""
    bench = Services(tmp_path_factory.mktemp("services"), Ports.free())
    yield bench
    bench.remove()


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", tmp_path / "landing")


@pytest.fixture
def topics(services: Services) -> Topics:
    services.broker.start()
    return Topics(services)
