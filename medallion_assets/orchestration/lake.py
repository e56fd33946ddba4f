"""The lake as a Dagster resource."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration.instance import limits_not_in_force


class LakeResource(dg.ConfigurableResource):  # type: ignore[type-arg]
    """Where the lake and its landing directories are.

    Each field takes a value or a `dagster.EnvVar`.
    """

    root: str
    landing: str

    @classmethod
    def of(cls, lake: Lake) -> LakeResource:
        """The resource for a lake that is already known."""
        return cls(root=str(lake.root), landing=str(lake.landing))

    @property
    def lake(self) -> Lake:
        """The lake as the engine knows it."""
        return Lake(
            root=Path(self.root).expanduser().resolve(),
            landing=Path(self.landing).expanduser().resolve(),
        )

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Say at the start of a run when nothing keeps a second run off the same tables."""
        if context.instance is None or context.log is None:
            return
        for problem in limits_not_in_force(context.instance):
            context.log.warning(problem)
