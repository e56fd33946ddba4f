"""Judge a table by the checks declared on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from medallion_assets.lakehouse.tables import Table

_GONE = ("FILE_NOT_EXIST", "FILE_NOT_FOUND", "FAILED_READ_FILE", "CHANGE_DATA_NOT_RECORDED")


@dataclass(frozen=True)
class Judged:
    """What the checks of a table found, and up to which version they have looked.

    Attributes:
        verdicts: by check; one that had nothing to judge is left out.
        version: the table's.
        checkpoint: where it is noted.
    """

    verdicts: Mapping[str, Verdict]
    version: TableVersion | None
    checkpoint: Checkpoint

    def remember(self) -> None:
        """Note how far the checks have looked, once their verdicts are told."""
        if self.version is not None and self.verdicts:
            self.checkpoint.record_judged(dict.fromkeys(self.verdicts, self.version))


def judge_table(
    table: Table,
    lake: Lake,
    session: Callable[[], SparkSession],
    outcome: Materialization,
    *,
    history: Sequence[int],
    now: datetime,
) -> Judged:
    """Judge a table after a run.

    Args:
        table: the table.
        lake: where it is.
        session: gives the session; called only where rows have to be read.
        outcome: what the run did.
        history: rows written by earlier runs that took something, the newest first.
        now: the time, with its zone.
    """
    checkpoint = Checkpoint(lake.stream_directory(table))
    version = lake.log(table).version()
    if version is None:
        return Judged({}, None, checkpoint)
    seen = checkpoint.judged()
    verdicts = {}
    for check in table.checks:
        since = seen.get(check.name)
        if not _has_something(check, since, version, outcome):
            continue
        looked = Looked(
            path=lake.path(table),
            path_of=lake.path,
            session=session,
            outcome=outcome,
            since=since,
            history=history,
            now=now,
            personal=table.is_personal,
        )
        verdicts[check.name] = _verdict(check, looked)
    return Judged(verdicts, version, checkpoint)


def _has_something(
    check: TableCheck, since: TableVersion | None, version: TableVersion, outcome: Materialization
) -> bool:
    if check.asks is Asks.AFTER_A_COMMIT:
        return since != version
    return check.asks is Asks.ALWAYS or bool(outcome.batches)


def _verdict(check: TableCheck, looked: Looked) -> Verdict:
    try:
        return check.verdict(looked)
    except Exception as error:
        if looked.since is None or not any(sign in str(error) for sign in _GONE):
            raise
        # What changed was vacuumed, as erasing does: then all rows are judged.
        return check.verdict(replace(looked, since=None))
