"""One op a table: it runs the table's stream and reports the table, its side tables, its checks."""

# ruff: noqa: I002 - Dagster compares the annotation of `context` with its classes, not its text.

from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import DATA_VERSION_TAG

from medallion_assets.lakehouse.autoloader.reprocess import Wanted, names
from medallion_assets.lakehouse.errors import (
    ExpectationFailedError,
    TerminalError,
    TransientError,
)
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.release import Release
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Table
from medallion_assets.orchestration.checks import check_specs, failed_expectation
from medallion_assets.orchestration.keys import landing_key, op_name
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.release import SilverConfig
from medallion_assets.orchestration.reprocess import BronzeConfig
from medallion_assets.orchestration.retries import retry_of, terminal_failure
from medallion_assets.orchestration.spark import SparkResource
from medallion_assets.orchestration.specs import table_specs
from medallion_assets.orchestration.table_step import TableStep

_WAIT_SECONDS = 10.0
"""How long a step waits for a table that another run is writing: a live job holds it for a second
or two, and the next try of a step is 5 s away."""

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
    step = TableStep(
        table=table,
        lake=lake,
        spark=spark,
        instance=context.instance,
        run=context.run,
        log=context.log,
        attempt=context.retry_number,
        wait_seconds=_WAIT_SECONDS,
    )
    try:
        with spark.losses_reported():
            yield from _attempt(context, step, wanted)
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
    context: dg.AssetExecutionContext, step: TableStep, wanted: Release | None
) -> Iterator[Event]:
    outcome = step.take(wanted)
    table = step.table
    if step.report_source(outcome) and isinstance(table, BronzeTable):
        # Dagster noted at the step's start which version of the source is read; without the
        # newer one, the table would show as out of date as soon as it is written.
        noted = context.get_step_execution_context()
        noted.wipe_input_asset_version_info(landing_key(table.source))
    yield from _of_the_selection(context, step.events(outcome))


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
