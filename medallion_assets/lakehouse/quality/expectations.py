"""Expectations: what must be true of a row, and what happens when it is not.

The vocabulary is that of Lakeflow Declarative Pipelines (`expect`, `expect_or_drop`,
`expect_or_fail`) with `expect_or_quarantine` added. A condition is a SQL expression over the
columns of the transformed row. As in a CHECK that people mean, a null verdict is a failure: an
unknown amount is not a good amount.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from medallion_assets.lakehouse.errors import DeclarationError


class Action(str, Enum):
    """What happens to a row that breaks the rule."""

    WARN = "warn"
    QUARANTINE = "quarantine"
    DROP = "drop"
    FAIL = "fail"


@dataclass(frozen=True)
class Expectation:
    """A named rule over a table's rows.

    Args:
        name: unique within the table; an identifier, as it becomes an asset check's name.
        condition: a SQL boolean expression over the transformed row's columns.
        action: what happens to a row for which the condition is not true.
    """

    name: str
    condition: str
    action: Action = Action.WARN

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise DeclarationError(
                f"Expectation {self.name!r}: a name is letters, digits and underscores, "
                "because it also names an asset check. Rename it."
            )
        if not self.condition.strip():
            raise DeclarationError(f"Expectation {self.name!r} has no condition.")


def expect(name: str, condition: str) -> Expectation:
    """Keep the row, count the failure."""
    return Expectation(name, condition, Action.WARN)


def expect_or_quarantine(name: str, condition: str) -> Expectation:
    """Write the row to the table's quarantine with the names of the rules it broke."""
    return Expectation(name, condition, Action.QUARANTINE)


def expect_or_drop(name: str, condition: str) -> Expectation:
    """Leave the row out, count it."""
    return Expectation(name, condition, Action.DROP)


def expect_or_fail(name: str, condition: str) -> Expectation:
    """Fail the micro-batch: nothing of it is written."""
    return Expectation(name, condition, Action.FAIL)


@dataclass(frozen=True)
class ExpectationCount:
    """How many rows of a run broke a rule."""

    name: str
    action: Action
    failed: int
    evaluated: int

    def __add__(self, other: ExpectationCount) -> ExpectationCount:
        failed, evaluated = self.failed + other.failed, self.evaluated + other.evaluated
        return ExpectationCount(self.name, self.action, failed, evaluated)
