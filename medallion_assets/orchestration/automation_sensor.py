"""The one sensor that evaluates the tables' conditions."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import dagster as dg

from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse
from medallion_assets.orchestration.keys import table_key
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.sensors import LOOK_SECONDS, check_interval
from medallion_assets.orchestration.table_condition import table_condition

AUTOMATION_SENSOR = "lakehouse_automation"


def with_conditions(
    assets: Sequence[dg.AssetsDefinition], lakehouse: Lakehouse, lake: LakeResource
) -> list[dg.AssetsDefinition]:
    """The assets, every table with the condition under which it is materialized.

    Side tables, such as a quarantine, have none: a run of their table writes them, and the table
    may have to wait where what they read need not.
    """
    sources = sum(isinstance(table, BronzeTable) for table in lakehouse.tables)
    # One tick looks at all of them, and Dagster gives up on it after 60 s.
    look_seconds = LOOK_SECONDS / max(sources, 1)
    conditions = {
        table_key(table): table_condition(table, lake, look_seconds) for table in lakehouse.tables
    }

    def conditioned(spec: dg.AssetSpec) -> dg.AssetSpec:
        if spec.key not in conditions:
            return spec
        return spec.replace_attributes(automation_condition=conditions[spec.key])

    return [definition.map_asset_specs(conditioned) for definition in assets]


def automation_sensor(
    lakehouse: Lakehouse, interval_seconds: int
) -> dg.AutomationConditionSensorDefinition:
    """The sensor; it is on unless somebody turns it off.

    Args:
        lakehouse: the tables.
        interval_seconds: the shortest time between two ticks, 5 to 30 s.

    Raises:
        ValueError: another interval.
    """
    check_interval(AUTOMATION_SENSOR, interval_seconds)
    keys = [table_key(table) for table in lakehouse.tables]
    with warnings.catch_warnings():
        # Evaluation in the code server, where the lake is, is what Dagster calls beta.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return dg.AutomationConditionSensorDefinition(
            name=AUTOMATION_SENSOR,
            target=dg.AssetSelection.assets(*keys),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=interval_seconds,
            description="Starts a run over the tables that are behind what they read.",
            emit_backfills=False,
            use_user_code_server=True,
        )
