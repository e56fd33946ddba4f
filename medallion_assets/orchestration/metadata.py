"""What a materialization tells the catalog, read from the Delta log and without Spark."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.bronze import PROVENANCE
from medallion_assets.lakehouse.changes.rules import DESCRIPTIONS
from medallion_assets.lakehouse.delta_log import Column, DeltaLog, TableVersion
from medallion_assets.lakehouse.kafka_bronze import EVENT_COLUMNS
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import table_lineage
from medallion_assets.lakehouse.materialization import Events, Files, Materialization
from medallion_assets.lakehouse.streams.late_rows import COLUMNS as LATE_COLUMNS
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    SilverTable,
    Table,
)
from medallion_assets.orchestration.checks import expectations
from medallion_assets.orchestration.lineage_metadata import lineage_metadata
from medallion_assets.orchestration.markdown import file_name, markdown_table

if TYPE_CHECKING:
    from dagster._core.definitions.metadata import RawMetadataValue

    Metadata = dict[str, RawMetadataValue]

PREVIEW_ROWS = 5
LISTED_FILES = 20
ROWS_THIS_RUN = "rows_this_run"
ROWS_QUARANTINED = "rows_quarantined"
ROWS_LATE = "rows_late"
DELTA_VERSION = "delta_version"
BATCHES = "batches"
DURATION = "duration_seconds"
ROW_COUNT = "dagster/row_count"

_PERSONAL = "Not shown: the table is tagged `pii`, and the event log keeps what it is told."

# Before the first row there is no table, and so no version to name.
_NO_TABLE = dg.DataVersion("no table yet")


def table_metadata(table: Table, lake: Lake, outcome: Materialization) -> Metadata:
    """The metadata of a table's materialization, complete also when nothing was new."""
    log = lake.log(table)
    metadata = _stored(log, table.full_name, lake.path(table), personal=table.is_personal)
    metadata["dagster/column_schema"] = _schema(log.columns(), table)
    metadata[ROWS_THIS_RUN] = outcome.rows.written
    metadata |= {f"rows_{name}": count for name, count in asdict(outcome.rows).items()}
    metadata[BATCHES] = outcome.batches
    metadata[DURATION] = round(outcome.seconds, 3)
    metadata |= lineage_metadata(table_lineage(lake, table))
    if outcome.files is not None:
        metadata |= _files(outcome.files)
    if outcome.events is not None:
        metadata |= _events(outcome.events)
    return metadata


def quarantine_metadata(table: SilverTable, lake: Lake, outcome: Materialization) -> Metadata:
    """The metadata of the materialization of a table's quarantine."""
    stored = _side_table(table, lake.quarantine_path(table), table.column_descriptions, (table,))
    return {**stored, **_this_run(outcome.rows.quarantined, outcome)}


def late_metadata(table: SilverTable, lake: Lake, outcome: Materialization) -> Metadata:
    """The metadata of the materialization of the rows that came behind a table's watermark."""
    # They are the streams' rows as they are, with columns that the table may leave out.
    stored = _side_table(
        table, lake.late_path(table), LATE_COLUMNS, (table, *table.streams.values())
    )
    return {**stored, **_this_run(outcome.rows.late, outcome)}


def _side_table(
    table: SilverTable, path: Path, descriptions: Mapping[str, str], holds: tuple[Table, ...]
) -> Metadata:
    log = DeltaLog(path)
    personal = any(one.is_personal for one in holds)
    columns = [_column(column, descriptions) for column in log.columns()]
    return {
        **_stored(log, f"{table.layer.value}.{path.name}", path, personal=personal),
        "dagster/column_schema": dg.TableSchema(columns=columns),
    }


def _this_run(rows: int, outcome: Materialization) -> Metadata:
    return {
        ROWS_THIS_RUN: rows,
        # Nothing is committed to a side table that got no rows.
        BATCHES: outcome.batches if rows else 0,
        DURATION: round(outcome.seconds, 3),
    }


def data_version(version: TableVersion | None) -> dg.DataVersion:
    """Delta's table id and version: a table made anew is new data, a run without rows is not."""
    return _NO_TABLE if version is None else dg.DataVersion(str(version))


def _stored(log: DeltaLog, name: str, path: Path, *, personal: bool) -> Metadata:
    version = log.version()
    metadata: Metadata = {
        ROW_COUNT: log.row_count(),
        "dagster/table_name": name,
        "dagster/uri": path.as_uri(),
        "preview": dg.MetadataValue.md(_PERSONAL if personal else _preview(log)),
    }
    if version is not None:
        metadata[DELTA_VERSION] = version.version
        metadata["delta_table_id"] = version.table_id
    return metadata


def _schema(columns: tuple[Column, ...], table: Table) -> dg.TableSchema:
    rules = [
        f"{rule.name}: {rule.condition} (else {rule.action.value})" for rule in expectations(table)
    ]
    keys = table.identity if isinstance(table, SilverTable) else ()
    descriptions = table.column_descriptions
    if isinstance(table, BronzeTable):
        of_events = isinstance(table.source, KafkaTopics)
        own = EVENT_COLUMNS | PROVENANCE if of_events else PROVENANCE
        descriptions = {**own, **descriptions}
    if isinstance(table, SilverTable):
        descriptions = {**DESCRIPTIONS, **descriptions}
    if keys:
        rules.insert(0, f"one row for each {', '.join(keys)}")
    return dg.TableSchema(
        columns=[
            _column(column, descriptions, unique=keys == (column.name,)) for column in columns
        ],
        constraints=dg.TableConstraints(other=rules) if rules else None,
    )


def _column(
    column: Column, descriptions: Mapping[str, str], *, unique: bool = False
) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.type,
        description=descriptions.get(column.name),
        constraints=dg.TableColumnConstraints(nullable=column.nullable, unique=unique),
    )


def _events(events: Events) -> Metadata:
    rows = [
        (one.topic, one.partition, events.began.get(one, "-"), end)
        for one, end in sorted(events.ended.items())
    ]
    metadata: Metadata = {
        "backlog_events": events.backlog,
        "offsets_lost": sum(gap.events for gap in events.lost),
        "offsets_lost_before": sum(gap.events for gap in events.lost_before),
        "offsets": dg.MetadataValue.md(
            markdown_table(("topic", "partition", "from", "up to"), rows)
        ),
    }
    if events.oldest_unread_seconds is not None:
        metadata["oldest_unread_seconds"] = round(events.oldest_unread_seconds, 1)
    return metadata


def _files(files: Files) -> Metadata:
    metadata: Metadata = {
        "files_taken": files.taken_count,
        "bytes_taken": files.bytes_taken,
        "files_failed": len(files.failed),
        "backlog_files": files.backlog_files,
        "backlog_bytes": files.backlog_bytes,
    }
    if files.taken:
        listed = [(file_name(path),) for path in files.taken[:LISTED_FILES]]
        metadata["files"] = dg.MetadataValue.md(markdown_table(("file",), listed))
    if files.failed:
        failed = [(file_name(file.path), file.reason) for file in files.failed[:LISTED_FILES]]
        metadata["failed_files"] = dg.MetadataValue.md(markdown_table(("file", "reason"), failed))
    if files.columns_added:
        metadata["columns_added"] = ", ".join(files.columns_added)
    if files.cleaned:
        metadata |= {"files_cleaned": files.cleaned, "bytes_cleaned": files.cleaned_bytes}
    if files.not_cleaned:
        kept = [(file_name(file.path), file.reason) for file in files.not_cleaned[:LISTED_FILES]]
        metadata["files_not_cleaned"] = dg.MetadataValue.md(
            markdown_table(("file", "reason"), kept)
        )
    return metadata


def _preview(log: DeltaLog) -> str:
    rows = log.preview(PREVIEW_ROWS)
    if not rows:
        return "No rows yet."
    return markdown_table(list(rows[0]), [list(row.values()) for row in rows])
