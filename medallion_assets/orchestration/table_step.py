"""One table's step in a run: what its stream takes, and what Dagster is told of it.

A run's op and a live job's round differ in who hears the events, and in what a failure means; what
is done and what is told is the same, so both go through here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import dagster as dg

from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.release import Release
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.lakehouse.tables import BronzeTable, SilverTable, Table
from medallion_assets.orchestration.checks import check_results, past_of
from medallion_assets.orchestration.keys import late_key, quarantine_key, table_key
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
from medallion_assets.orchestration.source_look import look_at
from medallion_assets.orchestration.spark import SparkResource

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOOK_SECONDS = 20.0


@dataclass(frozen=True)
class TableStep:
    """One table in one run.

    Args:
        table: the table.
        lake: where it is.
        spark: gives the session, asked only where something is new.
        instance: what remembers earlier runs, and is told of the source.
        run: the run it belongs to.
        log: the run's log.
        attempt: how often the run has taken the table before.
        wait_seconds: how long to wait where another run is writing the table.
        goes_on: whether the run goes on for hours, so that its JVM is worth optimizing.
    """

    table: Table
    lake: Lake
    spark: SparkResource
    instance: dg.DagsterInstance
    run: dg.DagsterRun
    log: dg.DagsterLogManager
    attempt: int = 0
    wait_seconds: float = 0.0
    goes_on: bool = False

    def session(self) -> SparkSession:
        """The session; the run's first table with something new starts it."""
        return self.spark.start(
            self.log, small=not self.goes_on and takes_little(self.table, self.lake)
        )

    def take(self, wanted: Release | None = None) -> Materialization:
        """Run the table's stream over what is new.

        Args:
            wanted: rows of its quarantine to release afterwards.

        Raises:
            MedallionError: as the engine does.
        """
        # Pulls in Spark's Python side, which loading the definitions has no need of.
        from medallion_assets.lakehouse.materialize import materialize
        from medallion_assets.lakehouse.release import release

        owner, told = f"run {self.run.run_id}", self.log.info
        with reported(self._table_run, self.log.warning) as ended:
            outcome = materialize(
                self.table,
                self.lake,
                self.session,
                owner=owner,
                wait_seconds=self.wait_seconds,
                progress=told,
            )
            if wanted is not None and isinstance(self.table, SilverTable):
                outcome = outcome + release(
                    self.table, self.lake, self.session, wanted, owner=owner, progress=told
                )
            ended(outcome)
        return outcome

    def report_source(self, outcome: Materialization) -> bool:
        """Tell the catalog what is left in the source of a bronze table that took something.

        Before the table's own event, so that the table is newer than what it took.

        Returns:
            Whether it was told.
        """
        if not isinstance(self.table, BronzeTable) or not outcome.batches:
            return False
        report = look_at(self.table, self.lake, budget_seconds=_LOOK_SECONDS).report
        self.instance.report_runless_asset_event(report)
        return True

    def events(self, outcome: Materialization) -> Iterator[dg.MaterializeResult[None]]:
        """The table with its checks, then its side tables.

        What the checks have looked at is noted once all of them were taken.

        Args:
            outcome: what `take` did.
        """
        from medallion_assets.lakehouse.quality.table_checks.evaluate import judge_table

        table, lake = self.table, self.lake
        if outcome.batches:
            warn_of_undeclared(table, lake, self.log.warning)
        now = datetime.now(timezone.utc)
        before = previous_metadata(self.instance, table_key(table))
        history = [run.written for run in reversed(remembered(before))]
        judged = judge_table(table, lake, self.session, outcome, history=history, now=now)
        results = [
            *check_results(table, outcome, judged.verdicts, past_of(self.instance, table)),
            *lineage_results(table, lake),
        ]
        runs = recent_metadata(table, outcome, before, now)
        yield from _events(table, lake, outcome, results, runs)
        judged.remember()

    @property
    def _table_run(self) -> TableRun:
        return TableRun(
            table=self.table,
            lake=self.lake,
            dagster_run=self.run.run_id,
            dagster_job=self.run.job_name,
            namespace=namespace(os.environ),
            attempt=self.attempt,
        )


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


def takes_little(table: Table, lake: Lake) -> bool:
    """Whether a run of the table begins with little; asked after a discovery.

    Args:
        table: what a bronze table has discovered and not taken is known; any other takes little.
        lake: where it is.
    """
    if not isinstance(table, BronzeTable):
        return True
    from medallion_assets.lakehouse.session import SMALL_BYTES

    ledger = FileLedger(ledger_directory(lake.stream_directory(table)))
    return ledger.backlog(ledger.last_commit()).bytes <= SMALL_BYTES
