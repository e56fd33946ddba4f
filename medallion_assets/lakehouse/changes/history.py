"""The versions of rows that a set of events makes: a pure function of the set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.events import column, comparable
from medallion_assets.lakehouse.changes.rules import (
    DELETED,
    END_AT,
    FINGERPRINT,
    SEQUENCE,
    START_AT,
    TRUNCATES,
    ChangeRules,
)

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType

_LIFE, _LAST, _HEAD, _CLOSES = "_life", "_last", "_head", "_closes"


def versions(events: DataFrame, rules: ChangeRules) -> DataFrame:
    """Every version of every row, with the sequences between which it held.

    A version begins with an upsert that changes a tracked column, or with the first after a
    delete, and ends with the next version or delete. Of several events with one sequence the last
    in their order counts. Columns that are not tracked have the newest value of their version.

    Args:
        events: all events of the keys they are of, as `events_of` makes them; repetitions don't
            matter.
        rules: what they mean.

    Returns:
        The keys, the values, `__START_AT` and `__END_AT`.
    """
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    own = (SEQUENCE, DELETED, TRUNCATES, FINGERPRINT)
    columns = [name for name in events.columns if name not in own]
    keys = [column(key) for key in rules.keys]
    ordered = Window.partitionBy(*keys).orderBy(SEQUENCE, DELETED, FINGERPRINT)
    sofar = ordered.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    rows = events.withColumn(_LIFE, F.sum(F.col(DELETED).cast("int")).over(sofar))
    if rules.ignore_null_updates:
        rows = _filled(rows, rules, columns)
    # Of one sequence only the last: the others held for no time at all.
    at_once = Window.partitionBy(*keys, SEQUENCE).orderBy(F.desc(DELETED), F.desc(FINGERPRINT))
    rows = rows.withColumn(_LAST, F.row_number().over(at_once)).where(f"{_LAST} = 1")
    kinds = dict(events.dtypes)
    tracked = F.struct(
        F.lit(0).alias("_"),
        *[comparable(kinds[name], name).alias(name) for name in rules.tracked(columns)],
    )
    before = F.lag(F.struct(DELETED, tracked.alias("tracked"))).over(ordered)
    changed = before.isNull() | before[DELETED] | ~before["tracked"].eqNullSafe(tracked)
    rows = rows.withColumn(_HEAD, ~F.col(DELETED) & changed)
    after = F.lead(F.struct(SEQUENCE, DELETED, _HEAD)).over(ordered)
    closes = after.isNull() | after[DELETED] | after[_HEAD]
    start = F.max(F.when(F.col(_HEAD), F.col(SEQUENCE))).over(sofar)
    return (
        rows.withColumns({START_AT: start, END_AT: after[SEQUENCE], _CLOSES: closes})
        .where(f"not {DELETED} and {_CLOSES}")
        .select(*[column(name) for name in columns], START_AT, END_AT)
    )


def _filled(rows: DataFrame, rules: ChangeRules, columns: list[str]) -> DataFrame:
    """Every null replaced by the newest value there was since the last delete of the key."""
    from pyspark.sql import Window

    keys = [column(key) for key in rules.keys]
    life = Window.partitionBy(*keys, _LIFE).orderBy(SEQUENCE, DELETED, FINGERPRINT)
    life = life.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    types = {field.name: field.dataType for field in rows.schema.fields}

    def filled(value: Column, kind: DataType) -> Column:
        from pyspark.sql import functions as F
        from pyspark.sql.types import StructType

        # A delete may say what the row was, which is not what comes after it.
        newest = F.last(F.when(~F.col(DELETED), value), ignorenulls=True).over(life)
        if not isinstance(kind, StructType):
            return newest
        parts = [filled(value[f.name], f.dataType).alias(f.name) for f in kind.fields]
        return F.when(newest.isNotNull(), F.struct(*parts))

    values = [name for name in columns if name not in rules.keys]
    return rows.withColumns({name: filled(column(name), types[name]) for name in values})
