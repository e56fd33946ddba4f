"""What Dagster's catalog says about tables, quarantines and sources."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import dagster as dg

from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    KafkaTopics,
    LandingDirectory,
    SilverTable,
    Table,
)
from medallion_assets.orchestration.code_references import code_references
from medallion_assets.orchestration.code_version import code_version
from medallion_assets.orchestration.keys import (
    LANDING,
    landing_key,
    quarantine_key,
    table_key,
)

LAYER_TAG = "layer"


def landing_spec(source: LandingDirectory | KafkaTopics) -> dg.AssetSpec:
    """A source: an external asset, as its files or events come from elsewhere."""
    if isinstance(source, KafkaTopics):
        described = f"Events of the topics {source.topics}."
        kinds = {"kafka", *filter(None, [source.value_format])}
    else:
        described = f"Files that land in `{source.name}/`."
        kinds = {"file", source.format}
    return dg.AssetSpec(
        key=landing_key(source),
        description=source.description or described,
        group_name=LANDING,
        kinds=kinds,
        tags={LAYER_TAG: LANDING},
    )


def table_specs(table: Table, modules: Iterable[ModuleType] = ()) -> list[dg.AssetSpec]:
    """The assets that one run of the table's stream writes: the table, and its quarantine.

    Args:
        table: the declaration.
        modules: where it may be declared; makes the link from the asset to its source line.
    """
    references = code_references(table, modules)
    specs = [
        dg.AssetSpec(
            key=table_key(table),
            deps=_upstream_keys(table),
            description=table.description or None,
            metadata={"dagster/code_references": references} if references else None,
            group_name=table.layer.value,
            kinds=_kinds(table),
            owners=list(table.owners),
            tags={**table.tags, LAYER_TAG: table.layer.value},
            code_version=code_version(table),
        )
    ]
    if isinstance(table, SilverTable) and table.has_quarantine:
        specs.append(_quarantine_spec(table, references))
    return specs


def _quarantine_spec(
    table: SilverTable, references: dg.CodeReferencesMetadataValue | None
) -> dg.AssetSpec:
    return dg.AssetSpec(
        key=quarantine_key(table),
        # Rows are judged before lookups are joined: only the streamed table decides what is here.
        deps=[table_key(table.source)],
        description=(
            f"Rows that were kept out of `{table.full_name}`, with the names of the rules they "
            "broke."
        ),
        metadata={"dagster/code_references": references} if references else None,
        group_name=table.layer.value,
        kinds=_kinds(table),
        owners=list(table.owners),
        tags={**table.tags, LAYER_TAG: table.layer.value, "quarantine": "true"},
        code_version=code_version(table),
    )


def _upstream_keys(table: Table) -> list[dg.AssetKey]:
    if isinstance(table, BronzeTable):
        return [landing_key(table.source)]
    # One asset can be read twice, streamed and looked up; Dagster wants each dependency once.
    return list(dict.fromkeys(table_key(upstream) for upstream in table.upstream))


def _kinds(table: Table) -> set[str]:
    kinds = {"pyspark", "deltalake", table.layer.value}
    return kinds if isinstance(table, GoldTable) else {*kinds, "streaming"}
