"""Where the time of one cold increment goes: parts, Spark jobs, imports."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.process_tree import measure
from benchmarks.programs.quick_jvm import QUICK
from benchmarks.results import table
from benchmarks.workloads.seen import land_new, seen

_LAYERS = ("bronze", "silver", "gold")
_IMPORT = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")
_SLOWEST_IMPORTS = 12


@dataclass(frozen=True)
class Job:
    """A Spark job, as the event log tells it."""

    number: int
    started: float
    seconds: float
    tasks: int
    what: str


def profile(bench: Bench) -> str:
    """Run one increment with Spark's event log, and import the code location with its times."""
    house = seen(bench, bench.sizes.seen[0], "engine_run")
    land_new(bench, house)
    log = house.root / "event-log"
    shutil.rmtree(log, ignore_errors=True)
    log.mkdir()
    sample = measure(house, "engine_run", (QUICK, "--event-log", str(log)))
    found = jobs(next(log.iterdir()))
    rows = []
    numbers = iter(found)
    for layer in _LAYERS:
        own = [next(numbers) for _ in range(int(sample.facts[f"{layer}_jobs"]))]
        in_jobs = sum(job.seconds for job in own)
        rest = f"{sample.parts[layer] - in_jobs:.2f}"
        rows += [(layer, f"{job.seconds:.2f}", str(job.tasks), job.what) for job in own]
        rows.append((layer, rest, "", f"**outside of these {len(own)} jobs**"))
    parts = [(name, f"{seconds:.2f}") for name, seconds in sample.parts.items()]
    return "\n\n".join(
        [
            f"One increment, {sample.wall_seconds:.1f} s, processor {sample.cpu_seconds:.1f} s.",
            table(("part", "seconds"), parts),
            table(("layer", "seconds", "tasks", "Spark job"), rows),
            table(("package", "seconds to import the code location"), imports(house.environment())),
        ]
    )


def jobs(event_log: Path) -> list[Job]:
    """The jobs of an event log, in their order."""
    begun: dict[int, dict[str, object]] = {}
    found = []
    executions: dict[str, str] = {}
    for line in event_log.read_text(encoding="utf-8").splitlines():
        event = json.loads(line)
        kind = event["Event"].rsplit(".", 1)[-1]
        if kind == "SparkListenerSQLExecutionStart":
            executions[str(event["executionId"])] = event["description"]
        elif kind == "SparkListenerJobStart":
            begun[event["Job ID"]] = event
        elif kind == "SparkListenerJobEnd":
            start = begun[event["Job ID"]]
            found.append(_job(start, event["Completion Time"], executions))
    return sorted(found, key=lambda job: job.number)


def _job(start: dict[str, object], ended: int, executions: dict[str, str]) -> Job:
    began = int(str(start["Submission Time"]))
    stages = start["Stage Infos"]
    properties = start["Properties"]
    assert isinstance(stages, list)
    assert isinstance(properties, dict)
    said = properties.get("spark.job.description") or executions.get(
        properties.get("spark.sql.execution.id", ""), ""
    )
    site = stages[-1]["Stage Name"] if stages else ""
    what = " ".join(re.sub(r"\b(id|runId) = \S+", "", f"{said} [{site}]").split())
    return Job(
        number=int(str(start["Job ID"])),
        started=began / 1000,
        seconds=(ended - began) / 1000,
        tasks=sum(stage["Number of Tasks"] for stage in stages),
        what=what.replace("|", "/")[:160],
    )


def imports(environment: dict[str, str]) -> list[tuple[str, str]]:
    """Packages by the time their own modules take to import, the slowest first."""
    told = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import benchmarks.location"],
        env=environment, capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    taken: Counter[str] = Counter()
    for microseconds, module in _IMPORT.findall(told):
        taken[module.split(".")[0]] += int(microseconds)
    whole = ("all", f"{sum(taken.values()) / 1e6:.2f}")
    return [whole, *((n, f"{t / 1e6:.2f}") for n, t in taken.most_common(_SLOWEST_IMPORTS))]
