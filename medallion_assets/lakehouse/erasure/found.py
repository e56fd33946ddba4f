"""How much of people there is in a store: its rows, and what its files on disk hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.erasure.identifiers import Identifier
from medallion_assets.lakehouse.erasure.old_files import data_files, old_files
from medallion_assets.lakehouse.erasure.person_rows import person_rows
from medallion_assets.lakehouse.erasure.stores import Store

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


@dataclass(frozen=True)
class Found:
    """What of people a store has.

    Attributes:
        rows: theirs; None where rows do not say whose they are.
        unreadable: rows that do not say whose they are, and have raw text that may.
        old_files: files that the table's version of now does not have.
        rows_in_files: their rows in all files on disk, old ones and hidden rows included; None
            where the files were not read.
        absent: declared expressions over columns that the store does not have.
    """

    rows: int | None
    unreadable: int
    old_files: int
    rows_in_files: int | None = None
    absent: tuple[str, ...] = ()

    @property
    def nothing(self) -> bool:
        """Whether the store has nothing of them."""
        return not (self.rows or self.old_files or self.rows_in_files)


def look(
    spark: SparkSession, store: Store, identifiers: Sequence[Identifier], *, files: bool
) -> Found:
    """Count the people's rows.

    Args:
        spark: the session.
        store: where.
        identifiers: what the people go by.
        files: whether to read every file on disk, whatever the log says of it.

    Raises:
        DeclarationError: the declared expressions can't be computed from the store's columns.
        OptionError: a value is none of the type that the store has.
    """
    from pyspark.sql import functions as F

    frame = spark.read.format("delta").load(str(store.path))
    old = len(old_files(store.path))
    conditions = person_rows(store, frame, identifiers)
    if conditions is None:
        return Found(None, 0, old)
    counted = frame.select(
        F.count_if(conditions.theirs), F.count_if(conditions.unreadable)
    ).collect()[0]
    on_disk = _files(spark, store, frame) if files else None
    return Found(
        rows=counted[0],
        unreadable=counted[1],
        old_files=old,
        rows_in_files=None if on_disk is None else on_disk.where(conditions.theirs).count(),
        absent=conditions.absent,
    )


def _files(spark: SparkSession, store: Store, frame: DataFrame) -> DataFrame | None:
    """The rows of every file on disk; None of a table whose files name their columns otherwise."""
    files = sorted(str(path) for path in data_files(store.path))
    if not files or store.log.properties().get("delta.columnMapping.mode", "none") != "none":
        return None
    return spark.read.schema(frame.schema).parquet(*files)
