"""The blocking checks that hold back what is downstream of their tables."""

from __future__ import annotations

from collections.abc import Iterable

import dagster as dg

from medallion_assets.lakehouse.tables import Table
from medallion_assets.orchestration.check_states import latest_evaluations
from medallion_assets.orchestration.checks import check_specs


def blocking_keys(tables: Iterable[Table]) -> tuple[dg.AssetCheckKey, ...]:
    """The checks of tables that block."""
    return tuple(spec.key for table in tables for spec in check_specs(table) if spec.blocking)


def failed_checks(
    instance: dg.DagsterInstance, keys: Iterable[dg.AssetCheckKey]
) -> tuple[dg.AssetCheckKey, ...]:
    """Those of the checks that have failed when they were judged last, by whichever run.

    Args:
        instance: is asked each time: a run beside the live job may have judged them.
        keys: of blocking checks.
    """
    wanted = list(keys)
    if not wanted:
        return ()
    said = latest_evaluations(instance, wanted)
    return tuple(
        key
        for key in wanted
        if key in said
        and not said[key].passed
        and said[key].severity is dg.AssetCheckSeverity.ERROR
    )


def spelled(keys: Iterable[dg.AssetCheckKey]) -> str:
    """Checks for people."""
    return ", ".join(f"{key.name} of {'.'.join(key.asset_key.path)}" for key in keys)
