"""How many Spark jobs a session has run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def jobs_so_far(spark: SparkSession | None) -> int:
    """The number of jobs since the session's start; none without a session.

    Asked of the scheduler itself, as the status tracker forgets jobs.
    """
    if spark is None:
        return 0
    context = spark.sparkContext._jsc.sc()
    return int(context.dagScheduler().numTotalJobs())
