"""How many Spark jobs a session has run, and how many files it has listed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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


def files_listed_so_far(spark: SparkSession | None) -> int:
    """The number of landing and data files that Spark has listed in its JVM; none without one.

    Spark counts them itself wherever it lists a directory to read it; a Delta table's files come
    from its log and are not listed.
    """
    if spark is None:
        return 0
    jvm: Any = spark.sparkContext._jvm
    metrics = jvm.org.apache.spark.metrics.source.HiveCatalogMetrics
    return int(metrics.METRIC_FILES_DISCOVERED().getCount())
