"""When a table is to be materialized, as an automation condition.

Dagster's own conditions tell of events: something was updated since the last look. An event that
comes at the wrong moment is lost, as the table's own update ends the wait for it. This condition
looks at the state instead: what the table has read, by its checkpoint, against what is there. So
it is true until a run has taken everything, whatever was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import dagster as dg
from deltalake.exceptions import DeltaError

from medallion_assets.lakehouse.errors import MedallionError
from medallion_assets.lakehouse.lag import Lag
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, GoldTable, SilverTable, Table
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.live.live_runs import taking
from medallion_assets.orchestration.source_cursor import SourceCursor
from medallion_assets.orchestration.source_decision import Decision, FinishedRun, Seen, decide
from medallion_assets.orchestration.source_look import look_at
from medallion_assets.orchestration.table_runs import TableRuns

if TYPE_CHECKING:
    Condition = dg.AutomationCondition[dg.AssetKey]

LABEL = "something_new_and_nothing_against_it"

_JUDGED = (
    dg.AutomationCondition.check_passed()
    | dg.AutomationCondition.check_failed()
    | dg.AutomationCondition.in_progress()
)

UNTOLD = (
    dg.AutomationCondition.missing()
    | dg.AutomationCondition.any_checks_match(~_JUDGED, blocking_only=True)
).with_label("not_told_or_not_judged")
"""Dagster lacks the table's materialization, or the verdict of a blocking check on it.

So it is where a run was killed between its commit and its report, where a check is new, and for a
lake that is older than the instance. What is downstream would wait for ever.
"""

UPSTREAM_CHECKS_PASSED = dg.AutomationCondition.all_deps_match(
    # A table in the same run is not asked: there its checks stop what is downstream.
    dg.AutomationCondition.will_be_requested()
    | dg.AutomationCondition.all_checks_match(
        dg.AutomationCondition.check_passed(), blocking_only=True
    )
).with_label("upstream_blocking_checks_passed")


def table_condition(table: Table, lake: LakeResource, look_seconds: float) -> Condition:
    """The condition under which a run of the table is requested.

    Args:
        table: the table.
        lake: where it is.
        look_seconds: how long to look at a bronze table's source at most.
    """
    free = ~dg.AutomationCondition.in_progress()
    upstream_free = ~dg.AutomationCondition.any_deps_in_progress()
    # The last one, so that where it holds the table is requested: it remembers that.
    wants = WantsRun(table, lake, look_seconds)
    return (free & upstream_free & UPSTREAM_CHECKS_PASSED & wants).with_label(LABEL)


# Compared by identity, as a declaration has mappings that can't be hashed.
@dataclass(frozen=True, eq=False)
class WantsRun(dg.AutomationCondition[dg.AssetKey]):
    """Whether something is there that a run of the table would take.

    Also where a run failed, or a table it reads is requested at the same time: one run then takes
    all of it. What did not help is tried again after a pause that grows.

    Args:
        table: the table.
        lake: where it is.
        look_seconds: how long to look at a bronze table's source at most.
        said: what the last look saw, for people.
    """

    table: Table
    lake: LakeResource
    look_seconds: float
    said: str = "The table is behind what it reads, and not in a pause after a failed run"

    @property
    def name(self) -> str:
        """Its name in the UI; what it remembers is kept under it."""
        return "wants_run"

    @property
    def description(self) -> str:
        """What it is about or, once it was evaluated, what it saw."""
        return self.said

    @property
    def children(self) -> Sequence[Condition]:
        """What Dagster knows of the table."""
        return [UNTOLD]

    async def evaluate(  # type: ignore[override] # awaited where it is a coroutine, as in Dagster
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Look, and decide; what was decided before is the cursor."""
        if context.candidate_subset.is_empty:
            # Something else speaks against a run.
            return dg.AutomationResult(context, context.get_empty_subset(), cursor=context.cursor)
        untold = await context.for_child_condition(
            child_condition=UNTOLD, child_indices=[0], candidate_subset=context.candidate_subset
        ).evaluate_async()
        before = SourceCursor.from_json(context.cursor)
        decision = self._decide(context, before, untold=not untold.true_subset.is_empty)
        return dg.AutomationResult(
            replace(context, condition=replace(self, said=_without_countdown(decision.reason))),
            context.get_empty_subset() if decision.run_key is None else context.candidate_subset,
            cursor=decision.cursor.to_json(),
            child_results=[untold],
        )

    def _decide(
        self, context: dg.AutomationContext[dg.AssetKey], cursor: SourceCursor, *, untold: bool
    ) -> Decision:
        instance = context.asset_graph_view.instance
        live = taking(instance, sources_above(self.table))
        if live is not None:
            # When it ends, what it has left is seen here, as everything is.
            return Decision(f"the live run {live.run_id[:8]} takes what is new", cursor)
        runs = TableRuns(instance, self.table)
        newest = runs.newest()
        last = None if newest is None else runs.ended(newest)
        if newest is not None and last is None:
            run = newest.dagster_run
            status = run.status.value.lower()
            return Decision(f"run {run.run_id[:8]} ({run.job_name}) is {status}", cursor)
        try:
            lake = self.lake.lake
            seen = self._look(lake, cursor)
            untold = untold and lake.log(self.table).exists()
        except (MedallionError, OSError, DeltaError) as error:
            # One table that can't be looked at does not keep the others waiting.
            context.log.warning("%s: %s", self.table.full_name, error)
            return Decision(f"could not be looked at: {error}", cursor)
        if untold:
            seen = replace(seen, waiting=True, sentence=f"{seen.sentence}; not told or not judged")
        upstream = [
            key.to_user_string()
            for key in sorted(context.asset_graph.get(context.key).parent_keys)
            if key in context.request_subsets_by_key
            and not context.request_subsets_by_key[key].is_empty
        ]
        return decide_table(
            self.table.full_name, seen, cursor, last, context.evaluation_time.timestamp(), upstream
        )

    def _look(self, lake: Lake, cursor: SourceCursor) -> Seen:
        if isinstance(self.table, BronzeTable):
            resume_after = cursor.resume_after
            return look_at(
                self.table, lake, budget_seconds=self.look_seconds, resume_after=resume_after
            ).seen
        if not isinstance(self.table, (SilverTable, GoldTable)):
            raise TypeError(f"{self.table.full_name} is not a bronze, silver or gold table")
        lag = Lag.of(self.table, lake)
        unread = ", ".join(lag.unread)
        sentence = f"new in {unread}" if unread else "all is read"
        return Seen(waiting=bool(lag.unread), taken=lag.mark, sentence=sentence)


def sources_above(table: Table) -> set[str]:
    """The names of the sources that a table is made of."""
    if isinstance(table, BronzeTable):
        return {table.source.name}
    return {name for above in table.upstream for name in sources_above(above)}


def decide_table(
    table: str,
    seen: Seen,
    cursor: SourceCursor,
    last_run: FinishedRun | None,
    now: float,
    upstream: Sequence[str],
) -> Decision:
    """Decide whether to request a run of a table; none is queued or running.

    As for a source. A table that lacks nothing itself goes along with what it reads.

    Args:
        table: its name.
        seen: what was seen of it.
        cursor: what was remembered.
        last_run: its last run.
        now: seconds since the epoch.
        upstream: what it reads and is requested at the same time.
    """
    failed = last_run is not None and not last_run.succeeded
    if not upstream or seen.waiting or failed:
        return decide(table, seen, cursor, last_run, now)
    return Decision(
        reason=f"goes along with {', '.join(upstream)}",
        # It may find nothing: that is no reason for a pause the next time.
        cursor=replace(cursor, taken=None, attempt=0, resume_after=seen.resume_after),
        run_key=f"{table}:{seen.taken}",
    )


def _without_countdown(reason: str) -> str:
    # Dagster stores an evaluation whenever what it says is new: not each second of a pause.
    said, paused, _ = reason.partition(", next attempt in ")
    return f"{said}, a pause goes on" if paused else said
