"""What the last runs that changed a table have done, in numbers that the event log keeps.

Each materialization carries those of the runs before it, at most 30: one record is read for them,
however many runs with nothing new came in between.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import dagster as dg

from medallion_assets.lakehouse.materialization import Materialization
from medallion_assets.lakehouse.quality.expectations import Action
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, SilverTable, Table

if TYPE_CHECKING:
    from dagster._core.definitions.metadata import RawMetadataValue

RECENT_RUNS = "recent_runs"
ROWS_AND_QUALITY = "rows_and_quality"
REMEMBERED = 30
QUARANTINED, DROPPED, LATE, WORST_RULE = "quarantined", "dropped", "late", "worst rule"
RESCUED, CORRUPT = "rescued", "corrupt"


@dataclass(frozen=True)
class RecentRun:
    """One run that changed a table.

    Attributes:
        at: when it ended, as ISO 8601 in UTC.
        written: the rows the table took.
        shares: what to look at to its share of the rows that were read, from 0 to 1.
    """

    at: str
    written: int
    shares: Mapping[str, float]


def run_of(table: Table, outcome: Materialization, at: datetime) -> RecentRun:
    """This run's numbers.

    Args:
        table: the table.
        outcome: what the run did.
        at: when it ended.
    """
    spelled = at.astimezone(timezone.utc).isoformat(timespec="seconds")
    return RecentRun(spelled, outcome.rows.written, _shares(table, outcome))


def _shares(table: Table, outcome: Materialization) -> dict[str, float]:
    """Those shares that a table of this kind can have."""
    rows, counted = outcome.rows, {}
    if isinstance(table, BronzeTable) and not isinstance(table.source, KafkaTopics):
        counted = {RESCUED: rows.rescued, CORRUPT: rows.corrupt}
    if isinstance(table, SilverTable):
        actions = {rule.action for rule in table.expectations}
        if Action.QUARANTINE in actions:
            counted[QUARANTINED] = rows.quarantined
        if Action.DROP in actions:
            counted[DROPPED] = rows.dropped
        if table.watermarks:
            counted[LATE] = rows.late
    shares = {name: _share(count, rows.read) for name, count in counted.items()}
    if isinstance(table, SilverTable) and table.expectations:
        shares[WORST_RULE] = max(
            (_share(rule.failed, rule.evaluated) for rule in outcome.expectations), default=0.0
        )
    return shares


def _share(count: int, of: int) -> float:
    return round(count / of, 6) if of else 0.0


def recent_metadata(
    table: Table,
    outcome: Materialization,
    previous: Mapping[str, dg.MetadataValue[Any]],
    at: datetime,
) -> dict[str, RawMetadataValue]:
    """The last runs, as numbers and as a picture.

    Args:
        table: the table.
        outcome: what this run did; where nothing was new, what was there before stays as it is.
        previous: the metadata of the materialization before.
        at: when this run ended.
    """
    if not outcome.batches:
        kept = (RECENT_RUNS, ROWS_AND_QUALITY)
        return {name: previous[name] for name in kept if name in previous}
    runs = [*remembered(previous), run_of(table, outcome, at)][-REMEMBERED:]
    return {
        RECENT_RUNS: dg.MetadataValue.json([asdict(run) for run in runs]),
        ROWS_AND_QUALITY: dg.MetadataValue.md(_picture(table, runs)),
    }


def remembered(metadata: Mapping[str, dg.MetadataValue[Any]]) -> list[RecentRun]:
    """The runs that a materialization carries, the oldest first; none where it carries none."""
    value = metadata.get(RECENT_RUNS)
    data = value.data if isinstance(value, dg.JsonMetadataValue) else None
    return [RecentRun(**one) for one in data] if isinstance(data, list) else []


def previous_metadata(
    instance: dg.DagsterInstance, key: dg.AssetKey
) -> Mapping[str, dg.MetadataValue[Any]]:
    """The metadata of an asset's newest materialization."""
    event = instance.get_latest_materialization_event(key)
    done = event.asset_materialization if event is not None else None
    return done.metadata if done is not None else {}


def _picture(table: Table, runs: Sequence[RecentRun]) -> str:
    from medallion_assets.orchestration.run_chart import png

    encoded = base64.b64encode(png(runs)).decode()
    return f"![{_words(table, runs)}](data:image/png;base64,{encoded})"


def _words(table: Table, runs: Iterable[RecentRun]) -> str:
    """The picture for those who don't see it; without what would end the text in Markdown."""
    written = ", ".join(str(run.written) for run in runs)
    return f"{table.layer.value} {table.name}: rows written by the last runs: {written}"
