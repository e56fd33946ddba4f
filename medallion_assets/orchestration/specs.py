"""What Dagster's catalog says about tables, their side tables, and sources."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    late_key,
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
    """The assets that one run of the table's stream writes: the table, and its side tables.

    Args:
        table: the declaration.
        modules: where it may be declared; makes the link from the asset to its source line.
    """
    references = code_references(table, modules)
    spec = dg.AssetSpec(
        key=table_key(table),
        deps=_upstream_keys(table),
        description=table.description or None,
        metadata={"dagster/code_references": references} if references else None,
        group_name=table.layer.value,
        kinds=_kinds(table),
        owners=list(table.owners),
        freshness_policy=_freshness_policy(table),
        tags={**table.tags, LAYER_TAG: table.layer.value},
        code_version=code_version(table),
    )
    return [spec, *_side_specs(table, spec)] if isinstance(table, SilverTable) else [spec]


def _side_specs(table: SilverTable, spec: dg.AssetSpec) -> Iterator[dg.AssetSpec]:
    # Rows go there before lookups are joined: only the streamed tables decide what is there.
    streamed = [table_key(stream) for stream in table.streams.values()]
    if table.has_quarantine:
        yield spec.replace_attributes(
            key=quarantine_key(table),
            deps=streamed,
            description=f"Rows that were kept out of `{table.full_name}`, with the names of the "
            "rules they broke.",
            tags={**spec.tags, "quarantine": "true"},
        )
    if table.watermarks:
        yield spec.replace_attributes(
            key=late_key(table),
            deps=streamed,
            description=f"Rows that came behind the watermark of `{table.full_name}` and are not "
            "part of it.",
            tags={**spec.tags, "late": "true"},
        )


def _freshness_policy(table: Table) -> dg.FreshnessPolicy | None:
    """Of the runs; whether the data themselves are fresh is for a check."""
    if table.fresh_within is None:
        return None
    return dg.FreshnessPolicy.time_window(fail_window=table.fresh_within)


def _upstream_keys(table: Table) -> list[dg.AssetKey]:
    if isinstance(table, BronzeTable):
        return [landing_key(table.source)]
    # One asset can be read twice, streamed and looked up; Dagster wants each dependency once.
    return list(dict.fromkeys(table_key(upstream) for upstream in table.upstream))


def _kinds(table: Table) -> set[str]:
    kinds = {"pyspark", "deltalake", table.layer.value}
    return kinds if isinstance(table, GoldTable) else {*kinds, "streaming"}
