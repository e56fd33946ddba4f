"""The numbers to reach, and the verdict on those that were measured."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Unit(str, Enum):
    """What a number counts."""

    TIMES = "x"
    SECONDS = " s"
    PER_SECOND = " /s"
    JOBS = " jobs"
    BYTES = " bytes"
    GIGABYTES = " GB"


@dataclass(frozen=True)
class Goal:
    """A bound.

    Args:
        text: as the design puts it.
        bound: the number itself.
        at_least: whether more is better.
    """

    text: str
    bound: float
    at_least: bool = False

    def reached_by(self, value: float) -> bool:
        """Whether a measured value keeps to the bound."""
        return value >= self.bound if self.at_least else value <= self.bound


@dataclass(frozen=True)
class Finding:
    """One line of the table: a number, the goal it has, and what it is made of.

    Args:
        what: is measured.
        value: the median.
        unit: of the value.
        goal: None for what is told for comparison only.
        detail: what a reader needs besides.
    """

    what: str
    value: float
    unit: Unit
    goal: Goal | None = None
    detail: str = ""

    @property
    def verdict(self) -> str:
        """`reached`, `missed`, or nothing where there is no goal."""
        if self.goal is None:
            return ""
        return "reached" if self.goal.reached_by(self.value) else "missed"

    def spelled(self) -> str:
        """The value with its unit, as precise as it deserves."""
        if self.unit is Unit.TIMES:
            return f"{self.value:.2f}x"
        digits = 1 if self.unit is Unit.GIGABYTES or abs(self.value) >= 10 else 2
        if self.unit in (Unit.PER_SECOND, Unit.JOBS, Unit.BYTES):
            digits = 0
        return f"{self.value:,.{digits}f}{self.unit.value}"
