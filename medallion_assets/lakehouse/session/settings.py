"""Spark settings: those every session needs, and those that fit one machine.

On one machine Spark's and Delta's defaults, made for clusters, cost most of the time of a small
increment: 50 snapshot partitions and 200 shuffle partitions made one small Delta write take 26 s on
2 cores. A cluster keeps Spark's own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DELTA: Mapping[str, str] = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}
"""What Delta's quickstart asks for."""

COMMON: Mapping[str, str] = {
    **DELTA,
    "spark.sql.session.timeZone": "UTC",
    # Listing a batch's files as a job of one task a file made 20,000 files take 88.8 s, not 16.1 s.
    "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
    # The default counts 4 MB for opening a file: one task for every 32 small files.
    "spark.sql.files.openCostInBytes": "4096",
    "spark.sql.files.maxPartitionBytes": "32m",
    # A merge writes its rows in the order of their keys: in several files each has a range of them,
    # and the next merge leaves those out in which it has nothing. In one file of 10 million rows a
    # day's changes wrote 324 MB again.
    "spark.sql.files.maxRecordsPerFile": "500000",
}

QUICK: Mapping[str, str] = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
}
"""For a JVM that takes little at a time: the optimizing compiler pays off after minutes only.

A cold increment took 30 processor seconds without it and 54 with it, the first eight warm ones the
same; but decoding much takes up to 2.7 times as long. The code cache is as large as with it: else
clearing it took a sixth of all the time.
"""

SMALL_BYTES = 32 << 20
"""What a run takes at most for its JVM to be a quick one."""


def local(cores: int, memory: str) -> dict[str, str]:
    """Settings for a session inside one process.

    Args:
        cores: how many tasks run at once.
        memory: the heap of the JVM, such as `2g`.
    """
    return {
        "spark.master": f"local[{cores}]",
        "spark.driver.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": str(cores),
        "spark.default.parallelism": str(cores),
        "spark.databricks.delta.snapshotPartitions": "1",
        # VACUUM lists with so many tasks, of which 10,000 took 21.5 s for one file, not 2.9.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(cores),
        # Plans again after each stage, as a Spark job of its own: 43 jobs more of 68 an increment.
        # There are as many partitions as cores, so nothing is left to coalesce.
        "spark.sql.adaptive.enabled": "false",
        # Spark keeps 100 generated classes and compiles the others anew, in every run.
        "spark.sql.codegen.cache.maxEntries": "5000",
        "spark.locality.wait": "0s",
        # Notes the line of Python that made each expression, by eight calls into the JVM for each:
        # 7,800 of the 16,600 calls of three increments.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        # Without checksum side files: they double the files of every commit, a process killed
        # between file and checksum leaves a pair that no longer reads, and a name with a colon
        # (as in a time) can't be read at all.
        "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
        "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
        # Each finished query and job is kept for a web page that is switched off.
        "spark.sql.ui.retainedExecutions": "1",
        "spark.ui.retainedJobs": "1",
        "spark.ui.retainedStages": "1",
        "spark.ui.retainedTasks": "1",
    }


def usable_cores() -> int:
    """The processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def java_options(log_settings: Path) -> str:
    """JVM options of a local session: log settings, and a collector that starts fast."""
    return (
        f"-Dlog4j2.configurationFile={log_settings.as_uri()} "
        "-XX:+UseParallelGC -Djava.net.preferIPv4Stack=true -Xss4m"
    )
