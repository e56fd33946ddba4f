"""The runs that concern one source: which of them holds its tables, how the last one ended."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from medallion_assets.lakehouse.tables import BronzeTable
from medallion_assets.orchestration.jobs import LAKEHOUSE_JOB, SOURCE_TAG, source_job_name
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.live.live_runs import last_ended
from medallion_assets.orchestration.live.live_runs import taking as taking_live
from medallion_assets.orchestration.source_decision import FinishedRun, Taking

UNFINISHED = (
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)
FINISHED = (
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
)


@dataclass(frozen=True)
class SourceRuns:
    """The runs of an instance, seen from one source."""

    instance: dg.DagsterInstance
    table: BronzeTable

    def taking(self) -> Taking | None:
        """What takes, or will take, what has landed: a live run, or one that is to end by itself.

        A live run comes first: it goes on.
        """
        live = taking_live(self.instance, [self.table.source.name])
        run = live or self.unfinished()
        if run is None:
            return None
        return Taking(run.run_id, run.job_name, run.status.value, is_live=run is live)

    def live_run_to_follow(self) -> str | None:
        """The id of a live run that has ended, and after which no run of the source began."""
        live = last_ended(self.instance, self.table.source.name)
        if live is None:
            return None
        newest = self.instance.get_run_records(
            filters=dg.RunsFilter(tags={SOURCE_TAG: self.table.source.name}), limit=1
        )
        if newest and newest[0].create_timestamp.timestamp() >= live.ended:
            return None
        return live.run_id

    def unfinished(self) -> dg.DagsterRun | None:
        """A run that will take, or is taking, what has landed: it holds the bronze table.

        A run that holds only tables downstream does not count. The queue keeps the two apart, and
        waiting here instead would let one busy source starve the others.
        """
        for run in self.instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
            if self._holds_bronze(run):
                return run
        return None

    def last_finished(self) -> FinishedRun | None:
        """The last run of the source's job that has ended.

        A failed one counts as succeeded when a run of the whole lakehouse has succeeded since:
        that one did the same work.
        """
        records = self.instance.get_run_records(
            filters=dg.RunsFilter(tags={SOURCE_TAG: self.table.source.name}, statuses=FINISHED),
            limit=1,
        )
        if not records:
            return None
        last = records[0]
        succeeded = last.dagster_run.status is dg.DagsterRunStatus.SUCCESS
        return FinishedRun(
            run_id=last.dagster_run.run_id,
            succeeded=succeeded or self._made_up_for(last),
            ended=last.end_time or last.update_timestamp.timestamp(),
        )

    def _made_up_for(self, failed: dg.RunRecord) -> bool:
        later = self.instance.get_run_records(
            filters=dg.RunsFilter(
                job_name=LAKEHOUSE_JOB,
                statuses=[dg.DagsterRunStatus.SUCCESS],
                created_after=failed.create_timestamp,
            ),
        )
        return any(record.dagster_run.asset_selection is None for record in later)

    def _holds_bronze(self, run: dg.DagsterRun) -> bool:
        if run.tags.get(SOURCE_TAG) == self.table.source.name:
            return True
        if run.asset_selection is not None:
            return table_key(self.table) in run.asset_selection
        return run.job_name in (LAKEHOUSE_JOB, source_job_name(self.table.source))
