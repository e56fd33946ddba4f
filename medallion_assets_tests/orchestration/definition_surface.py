"""Everything a person or a program can see of the definitions, as JSON to be reviewed.

`python -m medallion_assets_tests.orchestration.definition_surface` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import dagster as dg

from medallion_assets.orchestration import Automation, LakeResource, build_definitions

SURFACE = Path(__file__).with_name("definition_surface.json")
DECLARATIVE_SURFACE = Path(__file__).with_name("definition_surface_declarative.json")


def surface(defs: dg.Definitions) -> dict[str, Any]:
    graph = defs.resolve_asset_graph()
    repository = defs.get_repository_def()
    return {
        "assets": {spec.key.to_user_string(): _asset(spec) for spec in _specs(defs)},
        "checks": {
            f"{key.asset_key.to_user_string()}:{key.name}": {
                "blocking": graph.get_check_spec(key).blocking,
                "description": graph.get_check_spec(key).description,
            }
            for key in sorted(graph.asset_check_keys)
        },
        "ops": {
            asset.op.name: {"pool": asset.op.pool, "can_subset": asset.can_subset}
            for asset in repository.assets_defs_by_key.values()
            if asset.is_executable
        },
        "jobs": {
            job.name: {
                "assets": sorted(
                    key.to_user_string() for key in job.asset_layer.selected_asset_keys
                ),
                "executor": job.executor_def.name,
                "tags": dict(job.tags),
            }
            for job in repository.get_all_jobs()
            if not job.name.startswith("__")
        },
        "sensors": {sensor.name: _sensor(sensor) for sensor in repository.sensor_defs},
        "schedules": {
            schedule.name: {
                "job": schedule.job_name,
                "cron": schedule.cron_schedule,
                "default_status": schedule.default_status.value,
            }
            for schedule in repository.schedule_defs
        },
        "resources": sorted(repository.get_top_level_resources()),
    }


def automation_surface(defs: dg.Definitions) -> dict[str, Any]:
    """Of the definitions under declarative automation, what is not as under sensors."""
    conditions: dict[str, list[str]] = {}
    for spec in _specs(defs):
        condition = spec.automation_condition
        if condition is not None:
            text = f"{condition.get_label()}: {_named(condition)}"
            conditions.setdefault(text, []).append(spec.key.to_user_string())
    sensors = defs.get_repository_def().sensor_defs
    return {
        "conditions": conditions,
        "sensors": {sensor.name: _sensor(sensor) for sensor in sensors},
    }


def _sensor(sensor: dg.SensorDefinition) -> dict[str, Any]:
    return {
        "job": sensor.job_name if sensor.targets else None,
        "default_status": sensor.default_status.value,
        "minimum_interval_seconds": sensor.minimum_interval_seconds,
    }


def _named(condition: dg.AutomationCondition[Any]) -> str:
    below = [part.get_label() or _named(part) for part in condition.children]
    return f"{condition.name}({', '.join(below)})" if below else condition.name


def _specs(defs: dg.Definitions) -> list[dg.AssetSpec]:
    return sorted(defs.resolve_all_asset_specs(), key=lambda spec: spec.key)


def _asset(spec: dg.AssetSpec) -> dict[str, Any]:
    # The code version is left out: every change of a transform changes it.
    return {
        "deps": sorted(dep.asset_key.to_user_string() for dep in spec.deps),
        "description": spec.description,
        "group": spec.group_name,
        "kinds": sorted(spec.kinds),
        "owners": list(spec.owners),
        "tags": {
            name: value for name, value in spec.tags.items() if not name.startswith("dagster/")
        },
    }


def spelled(surface: dict[str, Any]) -> str:
    return json.dumps(surface, indent=2, sort_keys=True) + "\n"


def declarative() -> dg.Definitions:
    """The code location's definitions where the tables have conditions."""
    from medallion_assets.shop import lakehouse

    lake = LakeResource(root="/lake", landing="/landing")
    return build_definitions(lakehouse, lake=lake, automation=Automation.DECLARATIVE)


if __name__ == "__main__":
    from medallion_assets.definitions import defs as definitions

    SURFACE.write_text(spelled(surface(definitions)))
    DECLARATIVE_SURFACE.write_text(spelled(automation_surface(declarative())))
