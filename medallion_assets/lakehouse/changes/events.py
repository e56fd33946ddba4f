"""The changes of a micro-batch as events: whose row, in which place of the order, and what of it.

The order is the sequence; between equal sequences a delete comes last, and of others the one with
the higher fingerprint. So it depends on the set of the events alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pyspark.errors import AnalysisException

from medallion_assets.lakehouse.changes.rules import (
    DELETED,
    FINGERPRINT,
    SEQUENCE,
    TRUNCATES,
    ChangeRules,
)
from medallion_assets.lakehouse.errors import ChangesError
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

FAILED_MARK = "apply_changes: "
"""Begins what a change raises that can't be one."""


def events_of(changes: DataFrame, rules: ChangeRules) -> DataFrame:
    """The table's columns of each change, with its place in the order.

    Raises:
        DeclarationError: the rules name a column that the changes don't have.
        ChangesError: the changes are a stream. Where a key or a sequence is null the query over
            the events ends, see `as_changes_error`.
    """
    from pyspark.sql import functions as F

    if changes.isStreaming:
        raise ChangesError(
            "The changes are a stream. Apply them one micro-batch at a time: "
            ".writeStream.foreachBatch(lambda changes, _: apply_changes(spark, changes, ...))"
        )
    columns = rules.columns_of(changes.columns)
    rules.tracked(columns)
    truncates = _condition(rules.apply_as_truncates)
    keys_present = F.lit(True)
    for key in rules.keys:
        keys_present = keys_present & column(key).isNotNull()
    sequence, complete = _sequence(rules)
    shown = F.to_json(F.struct(*[column(key) for key in rules.keys]))
    checked = F.when(
        ~complete,
        F.raise_error(F.concat(F.lit(f"{FAILED_MARK}sequence_by is null at the key "), shown)),
    ).when(
        ~keys_present & ~truncates,
        F.raise_error(F.concat(F.lit(f"{FAILED_MARK}a change without its key: "), shown)),
    )
    events = changes.select(
        *[column(name) for name in columns],
        F.coalesce(checked.cast(_type_of(changes, sequence)), sequence).alias(SEQUENCE),
        _condition(rules.apply_as_deletes).alias(DELETED),
        truncates.alias(TRUNCATES),
    )
    return fingerprinted(events, rules)


def fingerprinted(events: DataFrame, rules: ChangeRules) -> DataFrame:
    """Events with the fingerprints of their values as they are now."""
    own = (SEQUENCE, DELETED, TRUNCATES, FINGERPRINT, *rules.keys)
    values = [name for name in events.columns if name not in own]
    return events.withColumn(FINGERPRINT, fingerprint(events, values))


def place(of: str | None = None) -> Column:
    """Where an event is in the order of its key's events."""
    from pyspark.sql import functions as F

    return F.struct(*[column(name, of) for name in (SEQUENCE, DELETED, FINGERPRINT)])


def same(names: Sequence[str]) -> Column:
    """Whether the rows joined as `s` and `t` have the same in these columns, null included."""
    from pyspark.sql import functions as F

    equal = F.lit(True)
    for name in names:
        equal = equal & column(name, "s").eqNullSafe(column(name, "t"))
    return equal


def column(name: str, of: str | None = None) -> Column:
    """A column by its name, whatever is in it."""
    from pyspark.sql import functions as F

    return F.col(quoted(name) if of is None else f"{of}.{quoted(name)}")


def fingerprint(rows: DataFrame, names: Sequence[str], of: str | None = None) -> Column:
    """A hash of the columns that are not null, each with its name.

    So a column that is added later does not change the fingerprint of the rows without it, and the
    same value in another column gives another one.

    Args:
        rows: have the columns.
        names: of the columns.
        of: the alias under which the rows are joined.
    """
    from pyspark.sql import functions as F

    kinds = dict(rows.dtypes)
    parts = {name: comparable(kinds[name], name, of) for name in sorted(names)}
    named = [
        F.when(column(name, of).isNotNull(), F.struct(F.lit(name), part))
        for name, part in parts.items()
    ]
    return F.xxhash64(F.lit(0), *named)


def comparable(kind: str, name: str, of: str | None = None) -> Column:
    """A column's value in a form that can be hashed and compared; maps and variants can't."""
    from pyspark.sql import functions as F

    value = column(name, of)
    if "map<" in kind or "variant" in kind:
        return F.to_json(F.struct(value.alias("value")))
    return value


def as_changes_error(error: Exception, table: str) -> ChangesError | None:
    """What an event has raised, where that is what ended a query."""
    if isinstance(error, AnalysisException):
        # No row was read yet: it quotes the query, with what the events would raise.
        return None
    text = str(error)
    if FAILED_MARK not in text:
        return None
    reason = text.split(FAILED_MARK, 1)[1].splitlines()[0]
    reason = reason.removesuffix(" SQLSTATE: P0001").strip()
    return ChangesError(
        f"{table}: {reason} Nothing was written. Filter such changes out, or keep them apart with "
        "an expect_or_quarantine rule; trying again with the same changes ends the same way."
    )


def _condition(given: str | Column | None) -> Column:
    from pyspark.sql import functions as F

    if given is None:
        return F.lit(False)
    return F.coalesce(F.expr(given) if isinstance(given, str) else given, F.lit(False))


def _sequence(rules: ChangeRules) -> tuple[Column, Column]:
    """The sequence, and whether no part of it is null."""
    from pyspark.sql import functions as F

    parts = [F.expr(part) if isinstance(part, str) else part for part in rules.sequence_by]
    complete = F.lit(True)
    for part in parts:
        complete = complete & part.isNotNull()
    if len(parts) == 1:
        return parts[0], complete
    named = [part.alias(f"_{number}") for number, part in enumerate(parts, 1)]
    return F.struct(*named), complete


def _type_of(changes: DataFrame, value: Column) -> str:
    return changes.select(value.alias("value")).dtypes[0][1]
