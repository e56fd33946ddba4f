"""The Dagster instance as the commands open it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import DagsterInstance


@contextmanager
def opened_instance(project: Path) -> Iterator[DagsterInstance]:
    """The instance of `DAGSTER_HOME`, made where it is missing.

    Says on stderr, one line each, which limits are not in force, and ends the runs that a killed
    process has left behind.

    Args:
        project: the project's root.
    """
    from dagster import DagsterInstance

    from medallion_assets.orchestration.abandoned_runs import end_abandoned_runs
    from medallion_assets.orchestration.instance import limits_not_in_force, prepare_home

    prepare_home(project)
    with DagsterInstance.get() as instance:
        for problem in limits_not_in_force(instance):
            print(f"Warning: {problem}", file=sys.stderr)
        for run_id in end_abandoned_runs(instance):
            print(f"Run {run_id[:8]} was left behind by a killed process; it is marked failed.")
        yield instance
