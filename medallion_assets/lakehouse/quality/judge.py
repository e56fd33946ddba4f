"""Judge every row of a micro-batch once, and say where it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.quality.expectations import Action, Expectation, ExpectationCount
from medallion_assets.lakehouse.quality.failing_rows import FailingRow

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

_CORRUPT = "_corrupt_record"

BROKEN = "_broken_rules"
"""The names of all rules a row broke, in the order of declaration."""


def judged(frame: DataFrame, expectations: Sequence[Expectation], table: str) -> DataFrame:
    """Add `_broken_rules`; a row that breaks a `fail` rule fails the job that reads it.

    A record that could not be parsed has no columns. Where a rule about `_corrupt_record` keeps
    such rows out of the table, it alone names them; else they would break every other rule too.
    """
    from pyspark.sql import functions as F

    unparsed = _set_aside_unparsed(expectations)
    broken = [
        F.when(_breaks(rule) & ~unparsed, F.lit(rule.name))
        if _CORRUPT not in rule.condition
        else F.when(_breaks(rule), F.lit(rule.name))
        for rule in expectations
        if rule.action is not Action.FAIL
    ]
    names = F.array_compact(F.array(*broken)) if broken else F.array().cast("array<string>")
    row = F.to_json(F.struct(*[F.col(f"`{name}`") for name in frame.columns]))
    for rule in expectations:
        if rule.action is Action.FAIL:
            message = F.concat(F.lit(f"{FAILED_MARK}{table}:{rule.name}: "), row)
            holds = F.coalesce(F.expr(rule.condition), F.lit(False))
            names = F.when(holds, names).otherwise(F.raise_error(message).cast("array<string>"))
    return frame.withColumn(BROKEN, names)


def _breaks(rule: Expectation) -> Column:
    from pyspark.sql import functions as F

    return ~F.coalesce(F.expr(rule.condition), F.lit(False))


def _set_aside_unparsed(expectations: Sequence[Expectation]) -> Column:
    """Whether a row has no parsed columns, and a rule of its own that keeps it out."""
    from pyspark.sql import functions as F

    removes = (Action.QUARANTINE, Action.DROP)
    named = any(_CORRUPT in rule.condition and rule.action in removes for rule in expectations)
    return F.col(_CORRUPT).isNotNull() if named else F.lit(False)


FAILED_MARK = "EXPECTATION_FAILED "
"""Begins the message with which Spark reports a row that broke a `fail` rule."""


def goes_to(action: Action, expectations: Sequence[Expectation]) -> Column:
    """Whether a judged row goes to quarantine or is dropped; quarantine wins over drop."""
    from pyspark.sql import functions as F

    def breaks(kind: Action) -> Column:
        names = [rule.name for rule in expectations if rule.action is kind]
        if not names:
            return F.lit(False)
        return F.arrays_overlap(F.col(BROKEN), F.array(*[F.lit(name) for name in names]))

    if action is Action.DROP:
        return breaks(Action.DROP) & ~breaks(Action.QUARANTINE)
    return breaks(action)


def is_kept(expectations: Sequence[Expectation]) -> Column:
    """Whether a judged row belongs into the table."""
    return ~goes_to(Action.QUARANTINE, expectations) & ~goes_to(Action.DROP, expectations)


def counters(expectations: Sequence[Expectation]) -> list[Column]:
    """Aggregates over judged rows: all, kept, quarantined, dropped, and broken by rule."""
    from pyspark.sql import functions as F

    def rows(condition: Column) -> Column:
        return F.count(F.when(condition, F.lit(1)))

    return [
        F.count(F.lit(1)).alias("_read"),
        rows(is_kept(expectations)).alias("_kept"),
        rows(goes_to(Action.QUARANTINE, expectations)).alias("_quarantined"),
        rows(goes_to(Action.DROP, expectations)).alias("_dropped"),
        *[rows(F.array_contains(BROKEN, rule.name)).alias(rule.name) for rule in expectations],
    ]


def counted(
    expectations: Sequence[Expectation],
    counts: Mapping[str, Any],
    examples: Mapping[str, tuple[FailingRow, ...]] = MappingProxyType({}),
) -> tuple[ExpectationCount, ...]:
    """The rules' counts out of `counters`' result."""
    return tuple(
        ExpectationCount(
            name=rule.name,
            action=rule.action,
            failed=int(counts[rule.name]),
            evaluated=int(counts["_read"]),
            examples=examples.get(rule.name, ()),
        )
        for rule in expectations
    )


def broken(
    expectations: Sequence[Expectation], counts: Mapping[str, Any]
) -> list[tuple[str, Column]]:
    """The rules that rows broke, each with the condition of those judged rows."""
    from pyspark.sql import functions as F

    return [
        (rule.name, F.array_contains(BROKEN, rule.name))
        for rule in expectations
        if counts[rule.name]
    ]
