"""A new Dagster run over the whole lakehouse, in its own process."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks.programs.jobs import files_listed_so_far, jobs_so_far
from benchmarks.programs.stopwatch import Stopwatch, parser
from medallion_assets.cli.process import run_as_process

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult
    from pyspark.sql import SparkSession


def main() -> None:
    """Load the definitions, run the job, say what its tables took."""
    watch = Stopwatch.of(parser(__doc__).parse_args())

    import dagster as dg

    from benchmarks.house import PROJECT
    from benchmarks.location import defs, session_seconds
    from medallion_assets.orchestration.instance import prepare_home
    from medallion_assets.orchestration.jobs import LAKEHOUSE_JOB

    job = defs.resolve_job_def(LAKEHOUSE_JOB)
    watch.lap("imports")
    prepare_home(PROJECT)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance)
        spark = _session()
        watch.facts["spark_jobs"] = jobs_so_far(spark)
        watch.facts["files_listed"] = files_listed_so_far(spark)
    watch.lap("dagster")
    layers = _layer_seconds(result)
    # The first table that has something new waits for the session.
    layers["bronze"] -= sum(session_seconds)
    parts = {"session": sum(session_seconds), **layers}
    watch.parts.update(parts)
    watch.parts["dagster"] -= sum(parts.values())
    watch.tell()


def _layer_seconds(result: ExecuteInProcessResult) -> dict[str, float]:
    """What each table says its run took."""
    from medallion_assets.orchestration.metadata import DURATION

    seconds: dict[str, float] = {}
    for event in result.all_events:
        if event.is_step_materialization:
            done = event.step_materialization_data.materialization
            layer, name = done.asset_key.path
            if not name.endswith("_quarantine"):
                seconds[layer] = float(str(done.metadata[DURATION].value))
    return seconds


def _session() -> SparkSession | None:
    if "pyspark" not in sys.modules:
        return None
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


if __name__ == "__main__":
    run_as_process(main)
