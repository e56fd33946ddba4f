"""Tables to copy into."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.lakehouse.copy_into.copied_table import CopiedTable, Make

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def make(spark: SparkSession, tmp_path: Path) -> Make:
    def made(columns: str = "", properties: str = "") -> CopiedTable:
        return CopiedTable.make(spark, tmp_path, columns, properties)

    return made
