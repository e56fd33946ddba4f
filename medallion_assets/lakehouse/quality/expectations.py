"""Expectations: what must be true of a row, and what happens when it is not.

The vocabulary is that of Lakeflow Declarative Pipelines (`expect`, `expect_or_drop`,
`expect_or_fail` and their `expect_all` forms) with `expect_or_quarantine` added. A condition is a
SQL expression over the columns of the transformed row. As in a CHECK that people mean, a null
verdict is a failure: an unknown amount is not a good amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.failing_rows import EXAMPLES, FailingRow

BLOCKS = "_blocks"
"""Ends the name of the check that stops what is downstream."""


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
        warn_above: the share of a run's rows, 0 to 1, that may break the rule without a warning.
        block_above: the share above which a second check, `<name>_blocks`, stops what is
            downstream; None never does.

    Raises:
        DeclarationError: the name is no identifier, the condition is empty, or the shares
            contradict each other.
    """

    name: str
    condition: str
    action: Action = Action.WARN
    warn_above: float = 0.0
    block_above: float | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise DeclarationError(
                f"Expectation {self.name!r}: a name is letters, digits and underscores, "
                "because it also names an asset check. Rename it."
            )
        if not self.condition.strip():
            raise DeclarationError(f"Expectation {self.name!r} has no condition.")
        self._check_shares()

    def _check_shares(self) -> None:
        if self.action is Action.FAIL and (self.warn_above or self.block_above is not None):
            raise DeclarationError(
                f"Expectation {self.name!r}: one row that breaks it fails the run, so a share has "
                "no meaning. Leave warn_above and block_above out, or let it quarantine."
            )
        highest = 1.0 if self.block_above is None else self.block_above
        if not 0.0 <= self.warn_above <= highest <= 1.0:
            raise DeclarationError(
                f"Expectation {self.name!r}: warn_above={self.warn_above} and "
                f"block_above={self.block_above} are shares from 0 to 1, the first not above the "
                "second."
            )


def expect(
    name: str, condition: str, *, warn_above: float = 0.0, block_above: float | None = None
) -> Expectation:
    """Keep the row, count the failure."""
    return Expectation(name, condition, Action.WARN, warn_above, block_above)


def expect_or_quarantine(
    name: str, condition: str, *, warn_above: float = 0.0, block_above: float | None = None
) -> Expectation:
    """Write the row to the table's quarantine with the names of the rules it broke."""
    return Expectation(name, condition, Action.QUARANTINE, warn_above, block_above)


def expect_or_drop(
    name: str, condition: str, *, warn_above: float = 0.0, block_above: float | None = None
) -> Expectation:
    """Leave the row out, count it."""
    return Expectation(name, condition, Action.DROP, warn_above, block_above)


def expect_or_fail(name: str, condition: str) -> Expectation:
    """Fail the micro-batch: nothing of it is written."""
    return Expectation(name, condition, Action.FAIL)


def expect_all(rules: Mapping[str, str]) -> tuple[Expectation, ...]:
    """`expect` for each name and condition."""
    return tuple(expect(name, condition) for name, condition in rules.items())


def expect_all_or_quarantine(rules: Mapping[str, str]) -> tuple[Expectation, ...]:
    """`expect_or_quarantine` for each name and condition."""
    return tuple(expect_or_quarantine(name, condition) for name, condition in rules.items())


def expect_all_or_drop(rules: Mapping[str, str]) -> tuple[Expectation, ...]:
    """`expect_or_drop` for each name and condition."""
    return tuple(expect_or_drop(name, condition) for name, condition in rules.items())


def expect_all_or_fail(rules: Mapping[str, str]) -> tuple[Expectation, ...]:
    """`expect_or_fail` for each name and condition."""
    return tuple(expect_or_fail(name, condition) for name, condition in rules.items())


@dataclass(frozen=True)
class ExpectationCount:
    """How many rows of a run broke a rule.

    Attributes:
        name: the rule.
        action: what became of those rows.
        failed: how many they are.
        evaluated: of how many.
        examples: a few of them.
    """

    name: str
    action: Action
    failed: int
    evaluated: int
    examples: tuple[FailingRow, ...] = ()

    @property
    def share(self) -> float:
        """Failed rows of those evaluated, 0 where none was."""
        return self.failed / self.evaluated if self.evaluated else 0.0

    def __add__(self, other: ExpectationCount) -> ExpectationCount:
        return ExpectationCount(
            self.name,
            self.action,
            self.failed + other.failed,
            self.evaluated + other.evaluated,
            (*self.examples, *other.examples)[:EXAMPLES],
        )
