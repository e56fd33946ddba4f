"""`spark-pipelines run`, as its users run it, on a project that the benchmark has written."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from benchmarks.programs.stopwatch import Stopwatch, parser


def main() -> None:
    """Run the pipeline; every table of it that has something to do."""
    arguments = parser(__doc__)
    arguments.add_argument("--project", required=True, type=Path)
    arguments.add_argument("--remote", required=True, help="such as local[2]")
    told = arguments.parse_args()
    watch = Stopwatch.of(told)
    watch.lap("imports")
    _run(told)
    watch.lap("pipeline")
    watch.facts["spark_jobs"] = _jobs(told.project / "event-log")
    watch.tell()


def _run(told: argparse.Namespace) -> None:
    binaries = Path(sys.executable).parent
    log = told.project / "event-log"
    for file in log.iterdir():
        file.unlink()
    subprocess.run(
        [
            *(binaries / "spark-pipelines", "run", "--remote", told.remote),
            *("--spec", told.project / "spark-pipeline.yml"),
        ],
        cwd=told.project, check=True,
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(binaries), os.environ["PATH"]]),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_CONF_DIR": str(told.project / "conf"),
        },
    )  # fmt: skip


def _jobs(log: Path) -> int:
    """How many Spark jobs the event log tells of."""
    return sum(
        json.loads(line)["Event"] == "SparkListenerJobStart"
        for file in log.iterdir()
        for line in file.open(encoding="utf-8")
    )


if __name__ == "__main__":
    main()
