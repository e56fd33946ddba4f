"""What every check of a table has, and what it may look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar

from medallion_assets.lakehouse.delta_log import DeltaLog, TableVersion
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.failing_rows import FailingRow

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from medallion_assets.lakehouse.materialization import Materialization
    from medallion_assets.lakehouse.tables.table import Table

    Paths = Callable[[Table], Path]

Number = int | float | str


class Asks(str, Enum):
    """When a check has something to judge.

    Where it has not, its last verdict stands.
    """

    ALWAYS = "always"
    AFTER_NEW_ROWS = "after a run that took something"
    AFTER_A_COMMIT = "after commits it has not judged"


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        passed: whether all is as it should be.
        numbers: what it counted or compared, by name.
        examples: a few of the rows it complains of.
    """

    passed: bool
    numbers: Mapping[str, Number] = field(default_factory=lambda: MappingProxyType({}))
    examples: tuple[FailingRow, ...] = ()


@dataclass(frozen=True)
class Looked:
    """What a check may look at.

    Attributes:
        path: of the table.
        path_of: of any other table.
        session: gives the session; called by checks of rows only.
        outcome: what the run did.
        since: the version up to which this check has judged the table before.
        history: rows written by earlier runs that took something, the newest first.
        now: the time, with its zone.
        personal: whether rows may not be shown.
    """

    path: Path
    path_of: Paths
    session: Callable[[], SparkSession]
    outcome: Materialization
    since: TableVersion | None
    history: Sequence[int]
    now: datetime
    personal: bool

    @property
    def log(self) -> DeltaLog:
        """The table's Delta log."""
        return DeltaLog(self.path)

    def stored(self) -> DataFrame:
        """The table's rows."""
        return self.session().read.format("delta").load(str(self.path))

    def changed(self) -> DataFrame:
        """The rows inserted or updated since the last look; all where that can't be told."""
        version = self.log.version()
        followed = self.log.properties().get("delta.enableChangeDataFeed") == "true"
        if (
            self.since is None
            or version is None
            or version.table_id != self.since.table_id
            or version.version <= self.since.version
            or not followed
        ):
            return self.stored()
        changes = (
            self.session()
            .read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", self.since.version + 1)
            .option("endingVersion", version.version)
            .load(str(self.path))
        )
        taken = changes.where("_change_type in ('insert', 'update_postimage')")
        return taken.drop("_change_type", "_commit_version", "_commit_timestamp")


@dataclass(frozen=True, kw_only=True)
class TableCheck(ABC):
    """One check of a table.

    Args:
        name: unique within the table; made from what is checked where it is left out.
        blocking: whether a failure stops what is downstream; else it warns.
    """

    asks: ClassVar[Asks] = Asks.ALWAYS
    """When there is something to judge: always, unless it is what rows or commits bring."""

    name: str = ""
    blocking: bool = False

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.default_name())
        if not self.name.isidentifier():
            raise DeclarationError(
                f"Check {self.name!r}: a name is letters, digits and underscores, because it "
                "names an asset check. Give it another one with name=."
            )

    @abstractmethod
    def default_name(self) -> str:
        """The name where none is given."""

    @property
    @abstractmethod
    def description(self) -> str:
        """One sentence: what holds where the check passes."""

    @abstractmethod
    def verdict(self, looked: Looked) -> Verdict:
        """Judge the table as it is now."""
