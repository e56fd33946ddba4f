"""A code location for a daemon: the small lakehouse under its sensors."""

from __future__ import annotations

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.documentation.pages import PROJECT
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse

defs = build_definitions(
    small_lakehouse,
    lake=LakeResource.of(Lake.from_environment(PROJECT)),
    sensor_interval_seconds=5,
)
