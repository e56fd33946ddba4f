"""The runs of one table: whether one is to come or goes on, and how the last one ended for it."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.keys import op_name, table_key
from medallion_assets.orchestration.source_decision import FinishedRun
from medallion_assets.orchestration.source_runs import UNFINISHED


@dataclass(frozen=True)
class TableRuns:
    """The runs of an instance, seen from one table."""

    instance: dg.DagsterInstance
    table: Table

    def newest(self) -> dg.RunRecord | None:
        """The newest run that is to write the table, or was."""
        planned = self.instance.event_log_storage.get_latest_planned_materialization_info(
            table_key(self.table)
        )
        return None if planned is None else self.instance.get_run_record_by_id(planned.run_id)

    def ended(self, newest: dg.RunRecord) -> FinishedRun | None:
        """How the run ended for this table; None where it has not ended.

        Until then the run counts also when it has written the table already: what came since is
        taken with the rest, in one run after it.
        """
        run = newest.dagster_run
        if run.status in UNFINISHED:
            return None
        return FinishedRun(
            run_id=run.run_id,
            succeeded=run.status is dg.DagsterRunStatus.SUCCESS or not self._failed_in(run.run_id),
            ended=newest.end_time or newest.update_timestamp.timestamp(),
        )

    def _failed_in(self, run_id: str) -> bool:
        """Whether the table was begun and not written; one that was not reached has not failed.

        One that was written and then blocked by its own check has not failed either: writing it
        again would change nothing.
        """
        written = self.instance.get_latest_materialization_event(table_key(self.table))
        if written is not None and written.run_id == run_id:
            return False
        steps = self.instance.get_run_step_stats(run_id)
        return any(
            # Below a graph, as Dagster makes one around checks, a step's key is a path.
            step.step_key.rpartition(".")[2] == op_name(self.table) and step.start_time is not None
            for step in steps
        )
