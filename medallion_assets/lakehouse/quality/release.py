"""Which rows of a quarantine are to be released, how they are mended, and what a release did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.json_file import write_whole
from medallion_assets.lakehouse.quality import judge
from medallion_assets.lakehouse.quality.quarantine import COLUMNS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from medallion_assets.lakehouse.tables.silver_table import SilverTable

_DIRECTORY = "_releases"


@dataclass(frozen=True)
class Release:
    """Rows of a quarantine that are to be judged again.

    Args:
        where: a SQL condition over the quarantine's columns; every row where it is left out.
        repairs: column to the SQL expression over the row, as it is, that mends it.
    """

    where: str = "true"
    repairs: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "repairs", MappingProxyType(dict(self.repairs)))

    def repaired(self, rows: DataFrame, table: str) -> DataFrame:
        """The chosen rows with their repairs; each column keeps its type.

        Raises:
            OptionError: a column is not there, or an expression can't be computed.
        """
        from pyspark.errors import AnalysisException, ParseException
        from pyspark.sql import functions as F

        kinds = dict(rows.dtypes)
        unknown = sorted(self.repairs.keys() - (kinds.keys() - COLUMNS.keys()))
        if unknown:
            there = ", ".join(name for name in kinds if name not in COLUMNS)
            raise OptionError(
                f"The quarantine of {table} has no column {', '.join(unknown)} to be repaired; it "
                f"has {there}."
            )
        try:
            mended = rows.where(self.where).withColumns(
                {name: F.expr(text).cast(kinds[name]) for name, text in self.repairs.items()}
            )
            # Under Spark Connect nothing is looked at before the schema is asked for.
            _ = mended.schema
        except (AnalysisException, ParseException) as error:
            cause = str(error).strip().partition("\n")[0]
            raise OptionError(
                f"The release from the quarantine of {table} can't be computed: {cause}"
            ) from error
        return mended

    def judged(self, rows: DataFrame, table: SilverTable) -> DataFrame:
        """The chosen rows with their repairs, and which rules they break now.

        Raises:
            OptionError: a column is not there, or an expression can't be computed.
        """
        repaired = self.repaired(rows, table.full_name).drop(judge.BROKEN)
        return judge.judged(repaired, table.expectations, table.full_name)


@dataclass(frozen=True)
class Releases:
    """The releases of one table, in the directory of its stream: the last may be unfinished."""

    directory: Path

    def all(self) -> dict[int, Release]:
        """By number, from 1."""
        return {number: wanted for number, (wanted, _) in self._noted().items()}

    def open(self) -> dict[int, Release]:
        """Those that were cut short."""
        return {number: wanted for number, (wanted, done) in self._noted().items() if not done}

    def begin(self, wanted: Release) -> int:
        """Note a release before anything is done for it.

        Returns:
            Its number.
        """
        number = max(self._noted(), default=0) + 1
        self._note(number, wanted, done=False)
        return number

    def end(self, number: int, wanted: Release) -> None:
        """Note that all of it is done."""
        self._note(number, wanted, done=True)

    def _note(self, number: int, wanted: Release, *, done: bool) -> None:
        content = {"where": wanted.where, "repairs": dict(wanted.repairs), "done": done}
        write_whole(self.directory / _DIRECTORY / f"{number}.json", content)

    def _noted(self) -> dict[int, tuple[Release, bool]]:
        found = (self.directory / _DIRECTORY).glob("[0-9]*.json")
        numbered = {int(path.stem): json.loads(path.read_text()) for path in found}
        return {
            number: (Release(held["where"], held["repairs"]), held["done"])
            for number, held in sorted(numbered.items())
        }


@dataclass(frozen=True)
class Left:
    """What a quarantine holds.

    Attributes:
        rows: how many.
        by_rule: rule to the rows that broke it; a row that broke several counts for each.
    """

    rows: int
    by_rule: Mapping[str, int]
