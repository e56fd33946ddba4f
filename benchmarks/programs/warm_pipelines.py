"""The two pipelines in a running session, over a copy of a kept lake, layer by layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from benchmarks.house import House

Layers = Mapping[str, Callable[[], object]]
Pipeline = Callable[["SparkSession", "House", Path], Layers]


def ours(spark: SparkSession, house: House, lake: Path) -> Layers:
    """The engine.

    Args:
        spark: the session.
        house: where the files have landed.
        lake: the copy.
    """
    from benchmarks.lakehouse import lakehouse
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.materialize import materialize

    copied = Lake(lake, house.landing_root)
    return {
        table.layer.value: partial(materialize, table, copied, lambda: spark)
        for table in lakehouse.tables
    }


def bare(spark: SparkSession, house: House, lake: Path) -> Layers:
    """The pipeline as one would write it by hand."""
    from benchmarks.programs.bare_pipeline import BarePipeline

    return BarePipeline(spark, lake, house.landing).layers()


PIPELINES: Mapping[str, Pipeline] = {"ours": ours, "bare": bare}
