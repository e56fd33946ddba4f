"""`medallion run`: take in everything new, from the landing files to the gold tables."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from medallion_assets.cli.project import PROJECT, SAMPLE

if TYPE_CHECKING:
    from dagster import AssetKey, ExecuteInProcessResult

    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.tables import Lakehouse
    from medallion_assets.orchestration.source_look import SourceLook


def add_to(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the parser's sub-commands."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "run", help="take in everything new, from the landing files to the gold tables"
    )
    return parser


def main(arguments: argparse.Namespace) -> int:
    """Land the sample if nothing was landed before, run the whole graph, say what it did.

    Raises:
        MachineError: something new is there, and the machine can't run Spark.
    """
    from medallion_assets.cli.instance import opened_instance
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import SMALL_BYTES, preflight
    from medallion_assets.shop import lakehouse
    from medallion_assets.shop.generator import land_first

    started = time.monotonic()
    lake = Lake.from_environment(PROJECT)
    landed = land_first(SAMPLE, lake.landing)
    if landed:
        print(f"Landed the first {len(landed)} sample files in {lake.landing}.", flush=True)
    looks = look_at_sources(lakehouse, lake)
    if any(look.seen.waiting or look.may_follow for look in looks):
        preflight()
        if all(look.new_bytes <= SMALL_BYTES for look in looks):
            start_ahead()
    with opened_instance(PROJECT) as instance:
        result = execute(instance, verbose=arguments.verbose)
    if not result.success:
        return report_failure(result, verbose=arguments.verbose)
    _report_success(result, lakehouse, lake, time.monotonic() - started)
    return 0


def look_at_sources(lakehouse: Lakehouse, lake: Lake) -> list[SourceLook]:
    """What waits in the source of each bronze table."""
    from medallion_assets.lakehouse.tables import BronzeTable
    from medallion_assets.orchestration.source_look import look_at

    return [
        look_at(table, lake, budget_seconds=1.0)
        for table in lakehouse.tables
        if isinstance(table, BronzeTable)
    ]


def start_ahead() -> None:
    """Start the warm engine, where it is used, while Dagster still plans its run.

    Where that fails the run tries again, and says why.
    """
    from medallion_assets.cli.engine import asked_of_engine
    from medallion_assets.lakehouse.session import engine

    asked = asked_of_engine() if engine.wanted(os.environ, otherwise=True) else None
    if asked is None:
        return
    silent = logging.Logger("ahead", logging.CRITICAL)

    def start() -> None:
        with suppress(Exception):
            engine.start(asked, silent)

    threading.Thread(target=start, name="warm-engine", daemon=True).start()


def execute(
    instance: Any,
    *,
    verbose: bool,
    assets: Sequence[AssetKey] | None = None,
    ops: Mapping[str, Any] = MappingProxyType({}),
) -> ExecuteInProcessResult:
    """Run the whole graph, or some assets of it, in this process.

    Args:
        instance: the Dagster instance that is told of it.
        verbose: whether all that is done is printed.
        assets: what is run; everything where it is left out.
        ops: the ops' run configuration.
    """
    from medallion_assets.cli.progress import with_progress
    from medallion_assets.definitions import defs
    from medallion_assets.orchestration.jobs import LAKEHOUSE_JOB

    with with_progress(defs.resolve_job_def(LAKEHOUSE_JOB), verbose=verbose) as job:
        return job.execute_in_process(
            instance=instance,
            run_config={"loggers": {"progress": {}}, "ops": dict(ops)},
            asset_selection=assets,
            raise_on_error=False,
        )


def report_failure(result: ExecuteInProcessResult, *, verbose: bool) -> int:
    """Say what failed.

    Args:
        result: of a run that did not succeed.
        verbose: whether the stack traces are printed.

    Returns:
        The command's exit code.
    """
    from medallion_assets.cli.failures import failure_lines, failure_traces

    for line in failure_traces(result) if verbose else failure_lines(result):
        print(f"medallion: {line}", file=sys.stderr)
    print(
        f"medallion: run {result.run_id[:8]} failed; `make ui` shows its log, and "
        "`make run ARGS=--verbose` the stack trace. Nothing is lost: run it again after the fix.",
        file=sys.stderr,
    )
    return 1


def _report_success(
    result: ExecuteInProcessResult, lakehouse: Lakehouse, lake: Lake, seconds: float
) -> None:
    from medallion_assets.cli.summary import changed_tables, gold_previews, table_summary

    changed = changed_tables(result)
    if not changed:
        print(f"\nNothing new: no table changed ({seconds:.1f} s).")
        print("Next: `make land` drops the next batch of sample files.")
        return
    print(f"\n{table_summary(result)}\n")
    print(gold_previews(lakehouse, lake))
    print(f"Done in {seconds:.1f} s: {len(changed)} tables changed, in {lake.root}.")
    print("Next: `make land` drops the next batch, `make run` takes only that, `make ui` shows it.")
