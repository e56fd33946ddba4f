"""Run configuration of a silver table: rows of its quarantine that are to be released."""

# ruff: noqa: I002 - Dagster reads the fields' annotations when the class is made.

import dagster as dg
from pydantic import Field

from medallion_assets.lakehouse.quality.release import Release


class ReleaseConfig(dg.Config):
    """Rows of the quarantine to be judged again; with nothing given, none is."""

    where: str = Field(
        default="", description="A SQL condition over the quarantine's columns; `true` takes all."
    )
    repairs: dict[str, str] = Field(
        default={}, description="Column to the SQL expression that mends it, such as abs(amount)."
    )

    def wanted(self) -> Release | None:
        """Which rows; None where none is to be released."""
        if not (self.where or self.repairs):
            return None
        return Release(self.where or "true", self.repairs)


class SilverConfig(dg.Config):
    """What can be told to a run of a silver table with a quarantine."""

    release: ReleaseConfig = ReleaseConfig()
