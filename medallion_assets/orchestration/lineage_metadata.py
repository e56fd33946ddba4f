"""What the catalog says of a table's lineage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from medallion_assets.lakehouse.lineage import How, Origin, TableLineage
from medallion_assets.orchestration.keys import key_of
from medallion_assets.orchestration.markdown import markdown_table

if TYPE_CHECKING:
    from dagster._core.definitions.metadata import RawMetadataValue

EVERY_ROW = "(which rows)"
"""Stands for a column's name beside what decides which rows there are."""

_CONSTANT = "nothing that is read"


def lineage_metadata(lineage: TableLineage) -> dict[str, RawMetadataValue]:
    """The lineage as Dagster keeps it, and as a table, as its open-source UI does not draw it."""
    metadata: dict[str, RawMetadataValue] = {}
    if lineage.undeclared:
        metadata["undeclared_reads"] = ", ".join(lineage.undeclared)
    if not lineage.columns:
        return metadata
    rows = [
        row for name, origins in lineage.columns.items() for row in _rows(name, origins, lineage)
    ]
    rows += [(EVERY_ROW, one.full_name, one.how.words) for one in lineage.rows]
    deps = {
        name: [
            dg.TableColumnDep(asset_key=key_of(table), column_name=column)
            for table, column in pairs
        ]
        for name, pairs in lineage.pairs.items()
    }
    return {
        **metadata,
        "dagster/column_lineage": dg.TableColumnLineage(deps),
        "column_lineage": dg.MetadataValue.md(markdown_table(("column", "from", "how"), rows)),
    }


def _rows(
    name: str, origins: tuple[Origin, ...], lineage: TableLineage
) -> list[tuple[str, str, str]]:
    if not origins:
        return [(name, _CONSTANT, "")]
    return [
        (
            name,
            one.full_name,
            "declared" if name in lineage.declared and one.how is How.DIRECT else one.how.words,
        )
        for one in origins
    ]
