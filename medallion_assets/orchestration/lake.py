"""The lake as a Dagster resource."""

from __future__ import annotations

from pathlib import Path

import dagster as dg

from medallion_assets.lakehouse.errors import OptionError
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
        """The lake as the engine knows it; also outside of runs and ticks.

        Raises:
            OptionError: a field is an environment variable that is not set.
        """
        return Lake(root=_directory(self.root), landing=_directory(self.landing))

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Say at the start of a run when nothing keeps a second run off the same tables."""
        if context.instance is None or context.log is None:
            return
        for problem in limits_not_in_force(context.instance):
            context.log.warning(problem)


def _directory(value: str) -> Path:
    if isinstance(value, dg.EnvVar):
        # Dagster puts the value in its place for runs and ticks only, not for conditions.
        known = value.get_value()
        if known is None:
            raise OptionError(
                f"{value.env_var_name} is not set; it says where the lake is, or what lands."
            )
        value = known
    return Path(value).expanduser().resolve()
