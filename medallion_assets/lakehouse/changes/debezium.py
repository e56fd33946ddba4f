"""Debezium's change events as change rows (debezium.io, connectors' change event values).

Whatever brought them, files or a topic, once decoded an event has the fields `op`, `before`,
`after`, `source` and `ts_ms`; or, where the converter adds its schema, these within `payload`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.changes.events import column
from medallion_assets.lakehouse.errors import ChangesError
from medallion_assets.lakehouse.sql_text import quoted

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import DataType, StructType

OPERATION, ORDER = "_op", "_order"


def debezium_rows(events: DataFrame, *, order: str | None = None) -> DataFrame:
    """One row an event: the row as it is afterwards, for a delete as it was before.

    A table of such rows declares `sequence_by="_order"` and `apply_as_deletes="_op = 'd'"`, and
    where its source is truncated `apply_as_truncates="_op = 't'"`. A transaction's changes arrive
    in any order; `_order` is the database's own. Columns that the database adds appear with the
    first event that has them.

    Args:
        events: decoded, with or without `payload`; streaming or not. Tombstones, which have
            nothing in them, are left out: the event before them has said that the row is gone.
        order: SQL over an event that orders its database's changes. Where it is None that is
            `source.lsn` (PostgreSQL), else `source.scn` (Oracle), `source.change_lsn` (SQL Server),
            `source.ts_us`, `source.ts_ms` or `ts_ms`, whichever the events have.

    Returns:
        The row's columns; `_op` (`r` read in a snapshot, `c` created, `u` updated, `d` deleted, `t`
        truncated); `_order`; and the columns of `events` whose names begin with `_`.

    Raises:
        ChangesError: these are no events of Debezium.
    """
    from pyspark.sql import functions as F
    from pyspark.sql.types import StructType

    own = [name for name in events.columns if name.startswith("_")]
    kinds = {field.name: field.dataType for field in events.schema.fields}
    payload = kinds.get("payload")
    within = "payload." if isinstance(payload, StructType) and "op" in payload.names else ""
    if within:
        assert isinstance(payload, StructType)
        kinds = {field.name: field.dataType for field in payload.fields}
    if "op" not in kinds or not ("after" in kinds or "before" in kinds):
        raise ChangesError(
            "These are no change events of Debezium: they have no op, before and after, nor a "
            f"payload with them, but {', '.join(events.columns)}. Keep the converter's envelope "
            "(no ExtractNewRecordState), or give plain change rows to apply_changes as they are."
        )
    operation = F.col(f"{within}op")
    said = [F.col(f"{within}{name}") for name in ("op", "before", "after") if name in kinds]
    said += [F.col(name) for name in own if name == "_corrupt_record"]
    says = F.lit(False)
    for part in said:
        says = says | part.isNotNull()
    return events.where(says).select(
        *_row(operation, within, kinds),
        operation.alias(OPERATION),
        (F.expr(order) if order else _order(within, kinds)).alias(ORDER),
        *[column(name) for name in own if name not in (OPERATION, ORDER)],
    )


def _row(operation: Column, within: str, kinds: Mapping[str, DataType]) -> list[Column]:
    """The columns of `before` for a delete, else those of `after`; either may lack some."""
    from pyspark.sql import functions as F

    after, before = _fields(kinds.get("after")), _fields(kinds.get("before"))
    made = []
    for name in dict.fromkeys([*after, *before]):
        kind = after.get(name) or before[name]
        now = F.col(f"{within}after.{quoted(name)}") if name in after else F.lit(None)
        then = F.col(f"{within}before.{quoted(name)}") if name in before else F.lit(None)
        value = F.when(operation == "d", then.try_cast(kind)).otherwise(now)
        made.append(value.alias(name))
    return made


def _order(within: str, kinds: Mapping[str, DataType]) -> Column:
    from pyspark.sql import functions as F

    source = _fields(kinds.get("source"))
    for name in ("lsn", "scn", "change_lsn", "ts_us", "ts_ms"):
        if name in source:
            return F.col(f"{within}source.{name}")
    if "ts_ms" in kinds:
        return F.col(f"{within}ts_ms")
    raise ChangesError(
        "The change events have neither source nor ts_ms, so nothing orders them. Say with `order` "
        "what does."
    )


def _fields(kind: DataType | None) -> dict[str, DataType]:
    from pyspark.sql.types import StructType

    if not isinstance(kind, StructType):
        return {}
    struct: StructType = kind
    return {field.name: field.dataType for field in struct.fields}
