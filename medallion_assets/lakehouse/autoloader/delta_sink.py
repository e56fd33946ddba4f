"""Where a cloudFiles stream writes: a Delta table, or a function of the user's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.catalog import register
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.materialization import Rows
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.type_widening.tables import TYPE_WIDENING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded


@dataclass(frozen=True)
class DeltaSink:
    """A Delta table that takes every micro-batch exactly once.

    Args:
        path: of the table.
        table: its name in the catalog, None where it goes by path.
        finish: makes the rows to write out of a decoded group of files.
        merge_schema: whether new columns are added to the table.
        partition_by: where the table is made.
        cluster_by: where the table is made.
        options: of Delta's writer.
        widening: whether columns may get wider types.
    """

    path: Path
    table: str | None
    finish: Callable[[DataFrame], DataFrame]
    merge_schema: bool
    partition_by: tuple[str, ...] = ()
    cluster_by: tuple[str, ...] = ()
    options: tuple[tuple[str, str], ...] = ()
    widening: bool = False

    @property
    def name(self) -> str:
        """The target, for the checkpoint's identity."""
        return str(self.path)

    @property
    def filled(self) -> bool:
        """Unknown: other writers may have filled the table."""
        return False

    def create(self, spark: SparkSession, empty: DataFrame) -> None:
        """Make the table where it is missing, and its name known."""
        from delta.tables import DeltaTable

        if not DeltaLog(self.path).exists():
            table = DeltaTable.createIfNotExists(spark).location(str(self.path))
            table = table.addColumns(empty.schema)
            properties = {k: v for k, v in self.options if k.lower().startswith("delta.")}
            for name, value in (properties | (TYPE_WIDENING if self.widening else {})).items():
                table = table.property(name, value)
            if self.partition_by:
                table = table.partitionedBy(*self.partition_by)
            if self.cluster_by:
                table = table.clusterBy(*self.cluster_by)
            table.execute()
        if self.table is not None:
            register(spark, self.table, self.path)

    def committed(self, stream: str) -> int | None:
        """The last micro-batch in the table, from the table's own log."""
        return DeltaLog(self.path).transaction_version(stream)

    def write(self, decoded: Decoded, stream: str, batch: int, replaced: Sequence[str]) -> Rows:
        """Append the micro-batch; which rows came from which file is not known here."""
        frame = _whole(decoded, self.finish)
        query.append(
            frame,
            self.path,
            transaction=(stream, batch),
            options=dict(self.options),
            merge_schema=self.merge_schema,
            widening=self.widening,
        )
        written = int(DeltaLog(self.path).last_operation().get("numOutputRows", 0))
        return Rows(read=written, kept=written, written=written, inserted=written)


@dataclass(frozen=True)
class FunctionSink:
    """The user's `foreachBatch` function; it gets a micro-batch again if it did not return."""

    function: Callable[[DataFrame, int], None]
    finish: Callable[[DataFrame], DataFrame]

    @property
    def name(self) -> str:
        """The target, for the checkpoint's identity."""
        return "foreachBatch"

    @property
    def filled(self) -> bool:
        """Unknown: where the function writes is its own affair."""
        return False

    def committed(self, stream: str) -> int | None:
        """Unknown: the ledger's own record counts."""
        return None

    def write(self, decoded: Decoded, stream: str, batch: int, replaced: Sequence[str]) -> Rows:
        """Call the function."""
        self.function(_whole(decoded, self.finish), batch)
        return Rows()


def _whole(decoded: Decoded, finish: Callable[[DataFrame], DataFrame]) -> DataFrame:
    frames = [finish(frame) for frame in decoded.frames]
    return reduce(lambda one, other: one.unionByName(other), frames)
