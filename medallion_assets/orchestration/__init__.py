"""The Dagster adapter: declarations in, assets, checks, sensors and jobs out."""

from __future__ import annotations

from medallion_assets.orchestration.automation import Automation
from medallion_assets.orchestration.build import build_definitions
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.spark import SparkResource

__all__ = ["Automation", "LakeResource", "SparkResource", "build_definitions"]
