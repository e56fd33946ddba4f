"""The hand-written pipeline, with the lakehouse's Spark settings or with Spark's own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from benchmarks.programs.quick_jvm import add_quick, quick_settings
from benchmarks.programs.stopwatch import Stopwatch, parser

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def main() -> None:
    """Run the three steps."""
    arguments = parser(__doc__)
    arguments.add_argument("--default-settings", action="store_true")
    add_quick(arguments)
    arguments.add_argument(
        "--pipeline", default="benchmarks.programs.bare_pipeline", help="its module"
    )
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import PROJECT
    from benchmarks.programs.jobs import files_listed_so_far, jobs_so_far
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import start_spark

    settings = quick_settings() if told.quick else {}
    made = import_module(told.pipeline).pipeline
    watch.lap("imports")
    spark = default_session() if told.default_settings else start_spark(**settings)
    watch.lap("session")
    pipeline = made(spark, Lake.from_environment(PROJECT))
    for layer, step in pipeline.layers().items():
        before = jobs_so_far(spark)
        step()
        watch.lap(layer)
        watch.facts[f"{layer}_jobs"] = jobs_so_far(spark) - before
    watch.facts["spark_jobs"] = jobs_so_far(spark)
    watch.facts["files_listed"] = files_listed_so_far(spark)
    watch.tell()


def default_session() -> SparkSession:
    """A session as Delta's quick start makes it, but for its jars, which are loaded by file.

    The quick start resolves them with Ivy at every start, which would take some seconds more.
    """
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.session.jars import coordinates, local_jars
    from medallion_assets.lakehouse.session.settings import DELTA

    builder: Any = SparkSession.builder.master("local[*]")
    jars = ",".join(map(str, local_jars(coordinates())))
    for name, value in {**DELTA, "spark.jars": jars, "spark.sql.session.timeZone": "UTC"}.items():
        builder = builder.config(name, value)
    session: SparkSession = builder.getOrCreate()
    return session


if __name__ == "__main__":
    main()
