"""The undisturbed run, made once for all tests that compare with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets_tests.pipeline.undisturbed import Undisturbed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture(scope="session")
def undisturbed(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    directory = tmp_path_factory.mktemp("undisturbed")
    lake = Undisturbed(Lake(directory / "lake", directory / "landing"))
    lake.take(lambda: spark)
    return lake
