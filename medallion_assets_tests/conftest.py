"""What every suite shares: one Spark session a process, and a lake of its own a test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.lake import Lake

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_SHARED = {"pipeline": "pipeline"}
"""Directories whose files share something that is made once a process."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two processes share the work, a file's tests stay together and long ones come first."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    slow = {item.path for item in items if item.get_closest_marker("process")}
    items.sort(key=lambda item: item.path not in slow)
    for item in items:
        name = _SHARED.get(item.path.parent.name, str(item.path))
        item.add_marker(pytest.mark.xdist_group(name))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> SparkSession:
    from medallion_assets.lakehouse.session import start_session

    return start_session(
        **{
            "spark.driver.memory": "2g",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("warehouse")),
        }
    )


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", tmp_path / "landing")
