"""One op a table: it runs the table's stream and reports the table, its side tables, its checks."""

# ruff: noqa: I002 - Dagster compares the annotation of `context` with its classes, not its text.

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timezone
from types import ModuleType
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from medallion_assets.lakehouse.autoloader.reprocess import Wanted, names
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.errors import (
    ExpectationFailedError,
    TerminalError,
    TransientError,
)
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.release import Release
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Table
from medallion_assets.orchestration.checks import (
    check_results,
    check_specs,
    failed_expectation,
    past_of,
)
from medallion_assets.orchestration.keys import (
    landing_key,
    late_key,
    op_name,
    quarantine_key,
    table_key,
)
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.lineage_check import lineage_results, warn_of_undeclared
from medallion_assets.orchestration.metadata import (
    data_version,
    late_metadata,
    quarantine_metadata,
    table_metadata,
)
from medallion_assets.orchestration.openlineage.run_events import TableRun
from medallion_assets.orchestration.openlineage.sending import reported
from medallion_assets.orchestration.openlineage.switch import namespace
from medallion_assets.orchestration.recent_runs import (
    previous_metadata,
    recent_metadata,
    remembered,
)
from medallion_assets.orchestration.release import SilverConfig
from medallion_assets.orchestration.reprocess import BronzeConfig
from medallion_assets.orchestration.retries import retry_of, terminal_failure
from medallion_assets.orchestration.source_look import look_at
from medallion_assets.orchestration.spark import SparkResource
from medallion_assets.orchestration.specs import table_specs

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOOK_SECONDS = 20.0

Event = dg.MaterializeResult[None] | dg.AssetCheckResult


def table_assets(table: Table, modules: Iterable[ModuleType] = ()) -> dg.AssetsDefinition:
    """The asset of a table, with those of its side tables.

    Args:
        table: the declaration.
        modules: where it may be declared, for the link to its source.
    """
    described: dict[str, Any] = {
        "name": op_name(table),
        "specs": table_specs(table, modules),
        "check_specs": check_specs(table),
        "pool": pool_of(table),
        "can_subset": True,
    }
    if isinstance(table, BronzeTable):

        @dg.multi_asset(**described)
        def materialize_bronze(
            context: dg.AssetExecutionContext,
            config: BronzeConfig,
            lake: LakeResource,
            spark: SparkResource,
        ) -> Iterator[Event]:
            wanted = config.reprocess.wanted()
            if wanted is not None:
                _reprocess(context, table, lake.lake, wanted)
            yield from _materialize(context, table, lake.lake, spark)

        return materialize_bronze

    if isinstance(table, SilverTable) and table.has_quarantine:

        @dg.multi_asset(**described)
        def materialize_silver(
            context: dg.AssetExecutionContext,
            config: SilverConfig,
            lake: LakeResource,
            spark: SparkResource,
        ) -> Iterator[Event]:
            yield from _materialize(context, table, lake.lake, spark, config.release.wanted())

        return materialize_silver

    @dg.multi_asset(**described)
    def materialize_table(
        context: dg.AssetExecutionContext, lake: LakeResource, spark: SparkResource
    ) -> Iterator[Event]:
        yield from _materialize(context, table, lake.lake, spark)

    return materialize_table


def pool_of(table: Table) -> str:
    """The pool that keeps a second run off the table."""
    return f"{table.layer.value}/{table.name}"


def _materialize(
    context: dg.AssetExecutionContext,
    table: Table,
    lake: Lake,
    spark: SparkResource,
    wanted: Release | None = None,
) -> Iterator[Event]:
    def session() -> "SparkSession":
        return _session(context, spark)

    try:
        with spark.losses_reported():
            yield from _attempt(context, table, lake, session, wanted)
    except ExpectationFailedError as error:
        # Reported before the failure, so that the check shows as failed and not as not evaluated.
        failed = failed_expectation(table, error)
        if _is_selected(context, failed):
            yield failed
        raise terminal_failure(table, error) from error
    except TransientError as error:
        context.log.warning(str(error))
        raise retry_of(context.retry_number) from error
    except TerminalError as error:
        raise terminal_failure(table, error) from error


def _attempt(
    context: dg.AssetExecutionContext,
    table: Table,
    lake: Lake,
    session: Callable[[], "SparkSession"],
    wanted: Release | None,
) -> Iterator[Event]:
    outcome = _outcome(context, table, lake, session, wanted)
    if isinstance(table, BronzeTable) and outcome.batches:
        # Before the table's own event, so that the table is newer than what it took.
        report = look_at(table, lake, budget_seconds=_LOOK_SECONDS).report
        context.instance.report_runless_asset_event(report)
        # Dagster noted at the step's start which version of the source is read; without the
        # newer one, the table would show as out of date as soon as it is written.
        step = context.get_step_execution_context()
        step.wipe_input_asset_version_info(landing_key(table.source))
    if outcome.batches:
        warn_of_undeclared(table, lake, context.log.warning)
    yield from _judged_events(context, table, lake, session, outcome)


def _outcome(
    context: dg.AssetExecutionContext,
    table: Table,
    lake: Lake,
    session: Callable[[], "SparkSession"],
    wanted: Release | None,
) -> Materialization:
    # Pulls in Spark's Python side, which loading the definitions has no need of.
    from medallion_assets.lakehouse.materialize import materialize
    from medallion_assets.lakehouse.release import release

    owner, told = f"run {context.run.run_id}", context.log.info
    with reported(_table_run(context, table, lake), context.log.warning) as ended:
        outcome = materialize(table, lake, session, owner=owner, progress=told)
        if wanted is not None and isinstance(table, SilverTable):
            outcome = outcome + release(table, lake, session, wanted, owner=owner, progress=told)
        ended(outcome)
    return outcome


def _judged_events(
    context: dg.AssetExecutionContext,
    table: Table,
    lake: Lake,
    session: Callable[[], "SparkSession"],
    outcome: Materialization,
) -> Iterator[Event]:
    from medallion_assets.lakehouse.quality.table_checks.evaluate import judge_table

    now = datetime.now(timezone.utc)
    before = previous_metadata(context.instance, table_key(table))
    history = [run.written for run in reversed(remembered(before))]
    judged = judge_table(table, lake, session, outcome, history=history, now=now)
    past = past_of(context.instance, table)
    results = [
        *check_results(table, outcome, judged.verdicts, past),
        *lineage_results(table, lake),
    ]
    runs = recent_metadata(table, outcome, before, now)
    yield from _of_the_selection(context, _events(table, lake, outcome, results, runs))
    judged.remember()


def _table_run(context: dg.AssetExecutionContext, table: Table, lake: Lake) -> TableRun:
    return TableRun(
        table=table,
        lake=lake,
        dagster_run=context.run.run_id,
        dagster_job=context.run.job_name,
        namespace=namespace(os.environ),
        attempt=context.retry_number,
    )


def _of_the_selection(
    context: dg.AssetExecutionContext, events: Iterable[dg.MaterializeResult[None]]
) -> Iterator[Event]:
    """The events as a run of some of the assets may report them.

    One stream writes a table and its side tables, so all are reported, also where one of them was
    selected. Dagster takes results for what is selected; the other ones' events are logged.
    """
    for event in events:
        checks = [check for check in event.check_results if _is_selected(context, check)]
        if event.asset_key in context.selected_asset_keys:
            yield event._replace(check_results=checks)
            continue
        version = event.data_version
        context.log_event(
            dg.AssetMaterialization(
                asset_key=event.asset_key or context.asset_key,
                metadata=event.metadata,
                tags={} if version is None else {DATA_VERSION_TAG: version.value},
            )
        )
        yield from checks


def _is_selected(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> bool:
    keys = context.selected_asset_check_keys
    return any((key.asset_key, key.name) == (result.asset_key, result.check_name) for key in keys)


def _reprocess(
    context: dg.AssetExecutionContext, table: BronzeTable, lake: Lake, wanted: Wanted
) -> None:
    from medallion_assets.lakehouse.reprocess import reprocess

    try:
        requested = reprocess(table, lake, wanted, owner=f"run {context.run.run_id}")
    except TransientError as error:
        raise retry_of(context.retry_number) from error
    except TerminalError as error:
        raise terminal_failure(table, error) from error
    for line in names(requested):
        context.log.info(line)


def _session(context: dg.AssetExecutionContext, spark: SparkResource) -> "SparkSession":
    return spark.start(context.log)


def _events(
    table: Table,
    lake: Lake,
    outcome: Materialization,
    results: Sequence[dg.AssetCheckResult],
    runs: Mapping[str, Any],
) -> Iterator[dg.MaterializeResult[None]]:
    yield dg.MaterializeResult(
        asset_key=table_key(table),
        metadata={**table_metadata(table, lake, outcome), **runs},
        data_version=data_version(lake.log(table).version()),
        check_results=results,
    )
    if isinstance(table, SilverTable) and table.has_quarantine:
        yield dg.MaterializeResult(
            asset_key=quarantine_key(table),
            metadata=quarantine_metadata(table, lake, outcome),
            data_version=data_version(DeltaLog(lake.quarantine_path(table)).version()),
        )
    if isinstance(table, SilverTable) and table.watermarks:
        yield dg.MaterializeResult(
            asset_key=late_key(table),
            metadata=late_metadata(table, lake, outcome),
            data_version=data_version(DeltaLog(lake.late_path(table)).version()),
        )
