"""Looking for people's rows leaves Spark's own errors as they are."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.person_rows import person_rows
from medallion_assets.lakehouse.erasure.stores import Kind, Store
from medallion_assets_tests.lakehouse.erasure.people import bronze_people

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_an_error_of_analysis_is_one_after_people_were_looked_for_too(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyspark.errors import AnalysisException

    # As in a process whose first error of analysis is the one that is expected here.
    monkeypatch.delitem(logging.Logger.manager.loggerDict, "SQLQueryContextLogger", raising=False)
    store = Store("bronze/people", tmp_path, bronze_people, Kind.ROWS)
    rows = spark.range(1)

    found = person_rows(store, rows, [Identifier("person", "0")])

    assert found is not None
    assert len(found.absent) == 1
    with pytest.raises(AnalysisException, match="vallue"):
        rows.where("vallue > 1")
