"""The live job: one run that keeps its session and takes what lands as it lands."""

from __future__ import annotations

from medallion_assets.orchestration.live.job import live_job

__all__ = ["live_job"]
