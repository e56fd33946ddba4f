"""What a table's checks and materializations have said before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.checks.specs import check_specs

JUDGED = {AssetCheckExecutionRecordStatus.SUCCEEDED, AssetCheckExecutionRecordStatus.FAILED}
"""Records with a verdict; others are of checks that are planned, or were never evaluated."""

AS_OF = "as_of"
"""Marks a result that repeats an earlier one, as its run had nothing to judge."""

SHOWN_RUNS = 8
_LOOKED_AT = 20


@dataclass(frozen=True)
class Past:
    """One earlier result of a check."""

    told: datetime
    evaluation: dg.AssetCheckEvaluation

    @property
    def is_repeated(self) -> bool:
        """Whether it only repeats the one before."""
        return AS_OF in self.evaluation.metadata

    def number(self, name: str) -> int:
        """A count in its metadata, 0 where there is none."""
        value = self.evaluation.metadata.get(name)
        return int(value.value) if isinstance(value, dg.IntMetadataValue) and value.value else 0


def past_of(instance: dg.DagsterInstance, table: Table) -> dict[str, tuple[Past, ...]]:
    """The results of each check of a table, the newest first.

    This run's own, which are only planned yet, are left out.
    """
    found = {}
    for spec in check_specs(table):
        records = instance.event_log_storage.get_asset_check_execution_history(
            check_key=spec.key,
            limit=_LOOKED_AT,
            status=JUDGED,
        )
        past = tuple(
            Past(datetime.fromtimestamp(record.create_timestamp, timezone.utc), record.evaluation)
            for record in records
            if isinstance(record.evaluation, dg.AssetCheckEvaluation)
        )
        if past:
            found[spec.name] = past
    return found
