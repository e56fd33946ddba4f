"""The facets of datasets: schema, column lineage, rows written, what expectations found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import Column
from medallion_assets.lakehouse.lineage import How, Origin, TableLineage
from medallion_assets.lakehouse.quality.expectations import Action, Expectation, ExpectationCount
from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.openlineage.datasets import DatasetName

if TYPE_CHECKING:
    from openlineage.client.facet_v2 import (
        DatasetFacet,
        column_lineage_dataset,
        data_quality_assertions_dataset,
    )

Sources = Mapping[str, tuple[DatasetName, ...]]


def described(table: Table, namespace: str) -> dict[str, DatasetFacet]:
    """What a table's declaration says of it, and its name beside its path."""
    from openlineage.client.facet_v2 import (
        documentation_dataset,
        ownership_dataset,
        symlinks_dataset,
    )

    facets: dict[str, DatasetFacet] = {
        "symlinks": symlinks_dataset.SymlinksDatasetFacet(
            identifiers=[
                symlinks_dataset.Identifier(namespace=namespace, name=table.full_name, type="TABLE")
            ]
        )
    }
    if table.description:
        facets["documentation"] = documentation_dataset.DocumentationDatasetFacet(
            description=table.description
        )
    if table.owners:
        facets["ownership"] = ownership_dataset.OwnershipDatasetFacet(
            owners=[ownership_dataset.Owner(name=owner) for owner in table.owners]
        )
    return facets


def schema(columns: Iterable[Column], descriptions: Mapping[str, str]) -> dict[str, DatasetFacet]:
    """A table's columns; nothing of a table that is not there yet."""
    from openlineage.client.facet_v2 import schema_dataset

    fields = [
        schema_dataset.SchemaDatasetFacetFields(
            name=column.name,
            type=column.type,
            description=descriptions.get(column.name),
            ordinal_position=position,
        )
        for position, column in enumerate(columns, start=1)
    ]
    return {"schema": schema_dataset.SchemaDatasetFacet(fields=fields)} if fields else {}


def column_lineage(lineage: TableLineage, sources: Sources) -> dict[str, DatasetFacet]:
    """Where the columns come from, and what decides which rows there are.

    Args:
        lineage: of the table.
        sources: the datasets of what it reads, by its name in the lineage.
    """
    from openlineage.client.facet_v2 import column_lineage_dataset

    fields = {
        name: column_lineage_dataset.Fields(inputFields=_inputs(origins, sources))
        for name, origins in lineage.columns.items()
    }
    if not fields:
        return {}
    rows = _inputs(lineage.rows, sources)
    return {
        "columnLineage": column_lineage_dataset.ColumnLineageDatasetFacet(
            fields=fields, dataset=rows
        )
    }


def _inputs(origins: Iterable[Origin], sources: Sources) -> list[column_lineage_dataset.InputField]:
    """One input a column: how it is used is a list within it."""
    from openlineage.client.facet_v2 import column_lineage_dataset

    uses: dict[tuple[DatasetName, str], list[How]] = {}
    for origin in origins:
        for dataset in sources.get(origin.table, ()):
            uses.setdefault((dataset, origin.column), []).append(origin.how)
    return [
        column_lineage_dataset.InputField(
            namespace=dataset.namespace,
            name=dataset.name,
            field=column,
            transformations=[
                column_lineage_dataset.Transformation(
                    type="DIRECT" if how.is_direct else "INDIRECT",
                    subtype=None if how is How.DIRECT else how.value,
                )
                for how in hows
            ],
        )
        for (dataset, column), hows in uses.items()
    ]


def assertions(
    table: str, rules: Iterable[Expectation], counts: Iterable[ExpectationCount]
) -> data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet | None:
    """What a table's expectations found in the rows it read; None where they judged no row.

    Args:
        table: the table whose expectations they are.
        rules: its expectations.
        counts: of the run.
    """
    from openlineage.client.facet_v2 import data_quality_assertions_dataset

    conditions = {rule.name: rule.condition for rule in rules}
    found = [
        data_quality_assertions_dataset.Assertion(
            assertion="custom_sql",
            success=count.failed == 0,
            severity="error" if count.action is Action.FAIL else "warn",
            name=f"{table}.{count.name}",
            expected="0",
            actual=str(count.failed),
            content=conditions.get(count.name),
            contentType="sql",
            params={"evaluated_rows": count.evaluated, "action": count.action.value},
        )
        for count in counts
        if count.evaluated
    ]
    if not found:
        return None
    return data_quality_assertions_dataset.DataQualityAssertionsDatasetFacet(assertions=found)
