"""How many of a run's records did not fit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.table_checks.check import Asks, Looked, TableCheck, Verdict


@dataclass(frozen=True)
class _Share(TableCheck):
    above: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.above <= 1.0:
            raise DeclarationError(f"above={self.above} is a share from 0 to 1.")
        super().__post_init__()

    @abstractmethod
    def counted(self, looked: Looked) -> int:
        """How many rows of the run did not fit."""

    @property
    def asks(self) -> Asks:
        """After a run that took something."""
        return Asks.AFTER_NEW_ROWS

    def verdict(self, looked: Looked) -> Verdict:
        """Compare the share with the highest allowed."""
        rows, read = self.counted(looked), looked.outcome.rows.read
        share = rows / read if read else 0.0
        return Verdict(
            passed=share <= self.above,
            numbers={"rows": rows, "read": read, "share": round(share, 4), "allowed": self.above},
        )


@dataclass(frozen=True)
class RescuedShare(_Share):
    """Of a run's rows in bronze, not too many have `_rescued_data`.

    Args:
        above: the highest share that passes, 0 to 1.
    """

    def default_name(self) -> str:
        """`rescued_share`."""
        return "rescued_share"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"At most {self.above:.1%} of a run's rows have `_rescued_data`."

    def counted(self, looked: Looked) -> int:
        """Rows with `_rescued_data`."""
        return looked.outcome.rows.rescued


@dataclass(frozen=True)
class CorruptShare(_Share):
    """Of a run's rows in bronze, not too many have `_corrupt_record`.

    Args:
        above: the highest share that passes, 0 to 1.
    """

    def default_name(self) -> str:
        """`corrupt_share`."""
        return "corrupt_share"

    @property
    def description(self) -> str:
        """One sentence."""
        return f"At most {self.above:.1%} of a run's rows have `_corrupt_record`."

    def counted(self, looked: Looked) -> int:
        """Rows with `_corrupt_record`."""
        return looked.outcome.rows.corrupt
