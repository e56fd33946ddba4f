"""Run configuration of a bronze table: files to take again."""

# ruff: noqa: I002 - Dagster reads the fields' annotations when the class is made.

import dagster as dg
from pydantic import Field

from medallion_assets.lakehouse.autoloader.options.values import instant
from medallion_assets.lakehouse.autoloader.reprocess import Wanted


class Reprocess(dg.Config):
    """Files to take again, in the place of the rows the table has from them.

    Files have to fulfil all that is given; with nothing given, none is taken again.
    """

    files: list[str] = Field(
        default=[], description="Paths, absolute or below the landing directory."
    )
    pattern: str = Field(
        default="", description="A glob for paths below the landing directory, such as 2026/11/*."
    )
    modified_after: str = Field(default="", description="Such as 2026-11-01T13:00:00; UTC.")
    modified_before: str = Field(default="", description="Such as 2026-11-02T00:00:00; UTC.")

    def wanted(self) -> Wanted | None:
        """Which files; None where nothing is to be taken again.

        Raises:
            OptionError: a time is not one.
        """
        if not (self.files or self.pattern or self.modified_after or self.modified_before):
            return None
        after, before = self.modified_after, self.modified_before
        return Wanted(
            files=tuple(self.files),
            pattern=self.pattern or None,
            modified_after=instant("modified_after", after) if after else None,
            modified_before=instant("modified_before", before) if before else None,
        )


class BronzeConfig(dg.Config):
    """What can be told to a run of a bronze table."""

    reprocess: Reprocess = Reprocess()
