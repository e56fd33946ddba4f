"""`medallion live`: take in what lands as it lands, until Ctrl-C."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT, SAMPLE

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRunStatus


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "live", help="take in what lands as it lands, until Ctrl-C"
    )
    parser.add_argument(
        "--interval", type=float, default=1.0, metavar="SECONDS",
        help="from the beginning of one round to that of the next (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--idle", type=float, default=0.0, metavar="SECONDS",
        help="end after so long without anything new (default: never)",
    )  # fmt: skip
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME",
        help="take this source only, with what is downstream of it; may be given again",
    )  # fmt: skip
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Land the sample if nothing was landed before, and run the live job in this process.

    Returns:
        0 also where it was ended by Ctrl-C or a signal: that is how it ends.

    Raises:
        MachineError: the machine can't run Spark.
    """
    from dagster import DagsterRunStatus

    from medallion_assets.cli.instance import opened_instance
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import preflight
    from medallion_assets.shop.generator import land_first

    lake = Lake.from_environment(PROJECT)
    preflight()
    landed = land_first(SAMPLE, lake.landing)
    if landed:
        print(f"Landed the first {len(landed)} sample files in {lake.landing}.", flush=True)
    print(
        "Taking what lands, as it lands. `make land` drops a batch; Ctrl-C ends this.", flush=True
    )
    config = {
        "interval_seconds": arguments.interval,
        "idle_seconds": arguments.idle,
        "sources": arguments.source,
    }
    with opened_instance(PROJECT) as instance:
        status, reason = execute(instance, config, verbose=arguments.verbose)
    if status is DagsterRunStatus.FAILURE:
        print(f"medallion: {reason}", file=sys.stderr)
        return 1
    print("Ended. Nothing is lost: `make run`, `make live` or the sensors go on from here.")
    return 0


_INTERRUPTED = "DagsterExecutionInterruptedError"


def execute(
    instance: DagsterInstance, config: dict[str, Any], *, verbose: bool
) -> tuple[DagsterRunStatus, str]:
    """Run the live job to its end.

    Its events are let go as they come: in days there are more than a process should keep, as
    `execute_in_process` does.

    Args:
        instance: the Dagster instance that is told of it.
        config: of the live op.
        verbose: whether all that is done is printed.

    Returns:
        How the run ended, and why where it failed.
    """
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator

    from medallion_assets.cli.progress import with_progress
    from medallion_assets.definitions import defs
    from medallion_assets.orchestration.live.live_runs import LIVE_JOB, LIVE_OP

    reason, interrupted = "", False
    with with_progress(defs.resolve_job_def(LIVE_JOB), verbose=verbose) as job:
        run = instance.create_run_for_job(
            job, run_config={"loggers": {"progress": {}}, "ops": {LIVE_OP: {"config": config}}}
        )
        for event in execute_run_iterator(InMemoryJob(job), run, instance):
            if event.is_step_failure:
                failed = event.step_failure_data
                told = failed.user_failure_data
                error = failed.error
                interrupted = error is not None and error.cls_name == _INTERRUPTED
                reason = (told.description if told else None) or str(event.message)
    if interrupted:
        # It came while Dagster took an event of the op, which it then counts as the op's failure.
        instance.report_run_canceled(run)
    ended = instance.get_run_by_id(run.run_id)
    return (run if ended is None else ended).status, reason
