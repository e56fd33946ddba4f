"""How many of a run's records did not fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict


@dataclass(frozen=True)
class _Share(TableCheck):
    asks: ClassVar[Asks] = Asks.AFTER_NEW_ROWS
    counted: ClassVar[str]
    column: ClassVar[str]

    above: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.above <= 1.0:
            raise DeclarationError(f"above={self.above} is a share from 0 to 1.")
        super().__post_init__()

    def default_name(self) -> str:
        """`<what is counted>_share`."""
        return f"{self.counted}_share"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"At most {self.above:.1%} of a run's rows have `{self.column}`."

    def verdict(self, looked: Looked) -> Verdict:
        """Compare the share with the highest allowed."""
        counts = looked.outcome.rows
        rows: int = getattr(counts, self.counted)
        share = rows / counts.read if counts.read else 0.0
        return Verdict(
            passed=share <= self.above,
            numbers={
                "rows": rows,
                "read": counts.read,
                "share": round(share, 4),
                "allowed": self.above,
            },
        )


@dataclass(frozen=True)
class RescuedShare(_Share):
    """Of a run's rows in bronze, not too many have `_rescued_data`.

    Args:
        above: the highest share that passes, 0 to 1.
    """

    counted: ClassVar[str] = "rescued"
    column: ClassVar[str] = "_rescued_data"


@dataclass(frozen=True)
class CorruptShare(_Share):
    """Of a run's rows in bronze, not too many have `_corrupt_record`.

    Args:
        above: the highest share that passes, 0 to 1.
    """

    counted: ClassVar[str] = "corrupt"
    column: ClassVar[str] = "_corrupt_record"
