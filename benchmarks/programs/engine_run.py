"""An increment through the engine alone, without Dagster."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from benchmarks.programs.quick_jvm import add_quick, quick_settings
from benchmarks.programs.stopwatch import Stopwatch, parser
from medallion_assets.cli.process import run_as_process

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def main() -> None:
    """Materialize the tables in order."""
    arguments = parser(__doc__)
    arguments.add_argument("--only-bronze", action="store_true")
    arguments.add_argument("--lakehouse", default="benchmarks.lakehouse", help="its module")
    add_quick(arguments)
    arguments.add_argument("--event-log", help="a directory for Spark's event log")
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import PROJECT
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.materialize import materialize
    from medallion_assets.lakehouse.tables import Layer

    lakehouse = import_module(told.lakehouse).lakehouse

    watch.lap("imports")
    quick = quick_settings() if told.quick else {}
    run = _Run(watch, {**quick, **_settings(told.event_log)})
    lake = Lake.from_environment(PROJECT)
    for table in lakehouse.tables:
        if told.only_bronze and table.layer is not Layer.BRONZE:
            continue
        run.layer = table.layer.value
        before = run.jobs()
        done = materialize(table, lake, run.session)
        watch.lap(run.layer)
        watch.count(f"{run.layer}_jobs", run.jobs() - before)
        watch.count(f"{run.layer}_rows", done.rows.read)
    watch.facts["spark_jobs"] = run.jobs()
    watch.tell()


class _Run:
    """Gives the session, and takes the time of its start out of the layer that asks for it."""

    def __init__(self, watch: Stopwatch, settings: dict[str, str]) -> None:
        self.layer = ""
        self._watch = watch
        self._settings = settings
        self._spark: SparkSession | None = None

    def session(self) -> SparkSession:
        if self._spark is None:
            from medallion_assets.lakehouse.session import start_spark

            self._watch.lap(self.layer)
            self._spark = start_spark(**self._settings)
            self._watch.lap("session")
        return self._spark

    def jobs(self) -> int:
        from benchmarks.programs.jobs import jobs_so_far

        return jobs_so_far(self._spark)


def _settings(event_log: str | None) -> dict[str, str]:
    if event_log is None:
        return {}
    return {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
        "spark.eventLog.dir": f"file://{event_log}",
    }


if __name__ == "__main__":
    run_as_process(main)
