"""The check that declared lineage is that of Spark's plan."""

from __future__ import annotations

from collections.abc import Callable

import dagster as dg

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import table_lineage
from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.markdown import markdown_table

COLUMN_LINEAGE = "column_lineage"


def warn_of_undeclared(table: Table, lake: Lake, warn: Callable[[str], None]) -> None:
    """Say which tables and paths a table's last run has read that are no declared upstream."""
    for name in table_lineage(lake, table).undeclared:
        warn(
            f"{table.full_name} reads {name}, which is no declared upstream: no run waits for it, "
            "and the asset graph does not show it. Make it a source, a join or a lookup."
        )


def lineage_specs(table: Table) -> list[dg.AssetCheckSpec]:
    """The check of a table that declares lineage; none of one that does not."""
    if not table.column_lineage:
        return []
    return [
        dg.AssetCheckSpec(
            COLUMN_LINEAGE,
            asset=table_key(table),
            description="The declared lineage is what Spark's plan reads.",
        )
    ]


def lineage_results(table: Table, lake: Lake) -> list[dg.AssetCheckResult]:
    """The result of that check, from what the last run with new rows has noted."""
    if not table.column_lineage:
        return []
    lineage = table_lineage(lake, table)
    differences = [
        (one.column, ", ".join(one.declared), ", ".join(one.read) or "no such column")
        for one in lineage.differences
    ]
    return [
        dg.AssetCheckResult(
            asset_key=table_key(table),
            check_name=COLUMN_LINEAGE,
            passed=not differences and not lineage.undeclared,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={
                "declared_columns": len(table.column_lineage),
                "only_declared": ", ".join(sorted(lineage.declared)) or "none",
                "plan_was_read": lineage.from_plan,
                "differences": dg.MetadataValue.md(
                    markdown_table(("column", "declared", "read"), differences)
                ),
                "undeclared_reads": ", ".join(lineage.undeclared) or "none",
            },
        )
    ]
