"""The live job's definition: one op that takes rounds over the tables of some sources, or all."""

# ruff: noqa: I002 - Dagster compares the annotation of `context` with its classes, not its text.

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import dagster as dg
from dagster._core.errors import DagsterExecutionInterruptedError
from pydantic import Field

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.errors import OptionError, TableLockedError, TerminalError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, Table
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.live.live_runs import LIVE_JOB, LIVE_OP, LIVE_TAG
from medallion_assets.orchestration.live.news import News, news_of
from medallion_assets.orchestration.live.reports import Event, Reports
from medallion_assets.orchestration.live.rounds import Rounds
from medallion_assets.orchestration.live.turn import Turn
from medallion_assets.orchestration.spark import SparkResource
from medallion_assets.orchestration.table_step import TableStep

DEFAULT_INTERVAL_SECONDS = 1.0
DEFAULT_IDLE_SECONDS = 3600.0


class LiveConfig(dg.Config):
    """What can be told to a live run."""

    interval_seconds: float = Field(
        default=DEFAULT_INTERVAL_SECONDS,
        gt=0,
        description="From the beginning of one round to that of the next.",
    )
    idle_seconds: float = Field(
        default=DEFAULT_IDLE_SECONDS,
        ge=0,
        description="After how long without anything new it ends; 0 for never.",
    )
    sources: list[str] = Field(
        default=[],
        description="The sources it takes, with all tables downstream of them; none named is all.",
    )


def live_job(lakehouse: Lakehouse) -> dg.JobDefinition:
    """The job that takes what lands as it lands, with one session, until it is ended.

    Args:
        lakehouse: the declarations.
    """

    @dg.op(name=LIVE_OP, out={}, description="Rounds over the tables, each second.")
    def live(
        context: dg.OpExecutionContext, config: LiveConfig, lake: LakeResource, spark: SparkResource
    ) -> Iterator[Event]:
        try:
            tables = tables_of(lakehouse, config.sources)
            with _alone(tables, lake.lake, context.run.run_id):
                yield from _rounds(context, config, tables, lake.lake, spark)
        except (TerminalError, TableLockedError) as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        except DagsterExecutionInterruptedError:
            _end_as_cancelled(context)
            raise

    @dg.job(
        name=LIVE_JOB,
        description="Take what lands as it lands: one run that goes on, with one Spark session.",
        tags={LIVE_TAG: "true"},
        executor_def=dg.in_process_executor,
    )
    def job() -> None:
        live()

    return job


def tables_of(lakehouse: Lakehouse, sources: Sequence[str]) -> tuple[Table, ...]:
    """The tables that take these sources, and all downstream of them, each after what it reads.

    Args:
        lakehouse: the declarations.
        sources: names; none is all.

    Raises:
        OptionError: there is no such source.
    """
    by_source = {
        table.source.name: table for table in lakehouse.tables if isinstance(table, BronzeTable)
    }
    unknown = sorted(set(sources) - set(by_source))
    if unknown:
        known = ", ".join(sorted(by_source))
        raise OptionError(f"There is no source {', '.join(unknown)}. Declared are: {known}.")
    if not sources:
        return lakehouse.tables
    reached = {
        table.full_name for name in sources for table in lakehouse.downstream(by_source[name])
    }
    return tuple(table for table in lakehouse.tables if table.full_name in reached)


@contextmanager
def _alone(tables: Sequence[Table], lake: Lake, run_id: str) -> Iterator[None]:
    """Keep other live jobs off the tables; other runs may write them in between."""
    with ExitStack() as held:
        for table in tables:
            name = f"{table.full_name} (taken live)"
            held.enter_context(locks.hold(lake.live_lock_path(table), name, f"live run {run_id}"))
        yield


def _rounds(
    context: dg.OpExecutionContext,
    config: LiveConfig,
    tables: Sequence[Table],
    lake: Lake,
    spark: SparkResource,
) -> Iterator[Event]:
    def turn(table: Table) -> Turn:
        def step(tries: int) -> TableStep:
            return TableStep(
                table,
                lake,
                spark,
                context.instance,
                context.run,
                context.log,
                attempt=tries,
                goes_on=True,
            )

        news = held.enter_context(_closing(table, lake))
        reports = Reports(table, context.instance)
        return Turn(table, _above(table, tables), news, reports, step, context.log)

    with ExitStack() as held:
        rounds = Rounds([turn(t) for t in tables], config.interval_seconds, config.idle_seconds)
        context.log.info(
            "%s tables are taken live, every %g s", len(tables), config.interval_seconds
        )
        yield from rounds.run()
        context.log.info("nothing new for %g s: the live run ends", config.idle_seconds)


@contextmanager
def _closing(table: Table, lake: Lake) -> Iterator[News]:
    news = news_of(table, lake)
    try:
        yield news
    finally:
        news.close()


def _above(table: Table, tables: Sequence[Table]) -> tuple[Table, ...]:
    """Those of the tables that a table reads, directly or not."""
    names: set[str] = set()
    pending = list(table.upstream)
    while pending:
        one = pending.pop()
        if one.full_name not in names:
            names.add(one.full_name)
            pending += one.upstream
    return tuple(one for one in tables if one.full_name in names)


def _end_as_cancelled(context: dg.OpExecutionContext) -> None:
    """Let a run that got a signal end as cancelled, also where nobody asked Dagster for it.

    A run that ends so is meant to end: a Ctrl-C, or the machine that shuts down. Dagster would
    take it for one that was killed.
    """
    run = context.instance.get_run_by_id(context.run.run_id)
    if run is not None and run.status is dg.DagsterRunStatus.STARTED:
        context.instance.report_run_canceling(run, "The live run got a signal to end.")
