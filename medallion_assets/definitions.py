"""The code location: the shop's tables, in the lake of this environment, under Dagster."""

from __future__ import annotations

from pathlib import Path

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import Automation, LakeResource, build_definitions
from medallion_assets.shop import bronze, gold, lakehouse, silver

PROJECT = Path(__file__).resolve().parent.parent

defs = build_definitions(
    lakehouse,
    lake=LakeResource.of(Lake.from_environment(PROJECT)),
    declared_in=(bronze, silver, gold),
    automation=Automation.from_environment(),
)
