"""What a run did, as tables for the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from medallion_assets.cli.text_table import text_table
from medallion_assets.orchestration import metadata as keys

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.tables import Lakehouse

PREVIEW_ROWS = 5


def changed_tables(result: ExecuteInProcessResult) -> list[str]:
    """The tables to which the run committed something."""
    return [name for name, values in _materialized(result) if values[keys.BATCHES]]


def table_summary(result: ExecuteInProcessResult) -> str:
    """One row a table: rows added, rows in total, Delta version."""
    return text_table(
        ("table", "rows added", "rows", "Delta version"),
        [
            (
                name,
                values[keys.ROWS_THIS_RUN],
                values[keys.ROW_COUNT],
                values.get(keys.DELTA_VERSION, "-"),
            )
            for name, values in _materialized(result)
        ],
    )


def gold_previews(lakehouse: Lakehouse, lake: Lake) -> str:
    """The first rows of each gold table."""
    from medallion_assets.lakehouse.tables import Layer

    parts = []
    for table in lakehouse.tables:
        if table.layer is Layer.GOLD and (rows := lake.log(table).preview(PREVIEW_ROWS)):
            lines = text_table(list(rows[0]), [list(row.values()) for row in rows])
            parts.append(f"{table.layer.value}/{table.name}\n{lines}\n")
    return "\n".join(parts)


def _materialized(result: ExecuteInProcessResult) -> list[tuple[str, dict[str, Any]]]:
    done = [
        event.step_materialization_data.materialization
        for event in result.all_events
        if event.is_step_materialization
    ]
    return [
        (
            materialization.asset_key.to_user_string(),
            {name: value.value for name, value in materialization.metadata.items()},
        )
        for materialization in done
    ]
