"""What every suite shares: one Spark session for the whole run, and a lake of its own a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    from medallion_assets.lakehouse.session import start_session

    return start_session(
        **{
            "spark.driver.memory": "2g",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
            # Thousands of tables that nobody opens again would fill the heap: 1.4 GB near the end.
            "spark.databricks.delta.delta.log.cacheSize": "50",
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", tmp_path / "landing")
