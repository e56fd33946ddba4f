"""Augmentation: columns looked up in other silver tables, and kept true when those change.

A micro-batch gets the values of its moment. When a looked-up table changes afterwards, its change
data feed names the keys, and the rows that hold them are corrected: the result is the same
whichever of an order and its customer arrived first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.delta_log import ABSENT, TableVersion
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.streams.sources import lookup_name
from medallion_assets.lakehouse.tables import Lookup, SilverTable

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession


@dataclass(frozen=True)
class Lookups:
    """The lookups of one table, and up to which version each is followed."""

    table: SilverTable
    lake: Lake
    checkpoint: Checkpoint

    def begin(self) -> None:
        """Before the first micro-batch: note the versions its values will at least have.

        Where the table has rows already, nothing is known of the values those have.
        """
        consumed = self.checkpoint.consumed()
        filled = self.lake.log(self.table).exists()
        missing = {
            lookup_name(lookup): ABSENT if filled else self._version(lookup)
            for lookup in self.table.lookups
            if lookup_name(lookup) not in consumed
        }
        if missing:
            self.checkpoint.record_consumed(missing)

    def changed(self) -> Mapping[str, tuple[Lookup, TableVersion, TableVersion]]:
        """The lookups whose table has a version that was not followed yet."""
        consumed = self.checkpoint.consumed()
        found = {}
        for lookup in self.table.lookups:
            before, now = consumed.get(lookup_name(lookup), ABSENT), self._version(lookup)
            if now != before:
                found[lookup_name(lookup)] = (lookup, before, now)
        return found

    def augment(self, rows: DataFrame) -> DataFrame:
        """Add the looked-up columns, null where the key is not found."""
        for lookup in self.table.lookups:
            rows = self._augment(rows, lookup)
        return rows

    def correct(self, spark: SparkSession) -> int:
        """Bring the rows in line with the looked-up tables.

        Returns:
            How many rows were changed.
        """
        total = 0
        for name, (lookup, before, now) in self.changed().items():
            if self.lake.log(self.table).exists():
                keys = self._changed_keys(spark, lookup, before, now)
                total += self._correct(spark, lookup, keys)
            self.checkpoint.record_consumed({name: now})
        return total

    def _augment(self, rows: DataFrame, lookup: Lookup) -> DataFrame:
        from pyspark.sql import functions as F

        spark = rows.sparkSession
        if not self.lake.log(lookup.table).exists():
            missing = {
                name: F.lit(None).cast(lookup.types.get(name, "string")) for name in lookup.columns
            }
            return rows.withColumns(missing)
        found = self._current(spark, lookup)
        same = rows[lookup.on_column] == found["_lookup_key"]
        return rows.join(found, same, "left").drop("_lookup_key")

    def _current(self, spark: SparkSession, lookup: Lookup) -> DataFrame:
        from pyspark.sql import functions as F

        stored = spark.read.format("delta").load(str(self.lake.path(lookup.table)))
        return stored.select(
            F.col(lookup.key).alias("_lookup_key"),
            *[F.col(source).alias(name) for name, source in lookup.columns.items()],
        )

    def _changed_keys(
        self, spark: SparkSession, lookup: Lookup, before: TableVersion, now: TableVersion
    ) -> DataFrame:
        if before.table_id != now.table_id:
            # A table that was not followed before: any row may differ from it.
            own = spark.read.format("delta").load(str(self.lake.path(self.table)))
            return own.selectExpr(f"`{lookup.on_column}` as _changed_key").distinct()
        path = str(self.lake.path(lookup.table))
        changes = (
            spark.read.format("delta")
            .option("readChangeFeed", "true")
            .option("startingVersion", before.version + 1)
            .option("endingVersion", now.version)
            .load(path)
        )
        return changes.select(lookup.key).distinct().withColumnRenamed(lookup.key, "_changed_key")

    def _correct(self, spark: SparkSession, lookup: Lookup, keys: DataFrame) -> int:
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        current = self._current(spark, lookup)
        self._check_types(spark, lookup, current)
        values = keys.join(
            current, keys["_changed_key"].eqNullSafe(current["_lookup_key"]), "left"
        ).drop("_lookup_key")
        log = self.lake.log(self.table)
        before = log.version()
        target = DeltaTable.forPath(spark, str(self.lake.path(self.table)))
        stored = target.toDF().columns
        differs: Column = F.lit(False)
        for name in lookup.columns:
            held = F.col(f"t.`{name}`") if name in stored else F.lit(None)
            differs = differs | ~held.eqNullSafe(F.col(f"s.`{name}`"))
        (
            target.alias("t")
            .merge(values.alias("s"), f"t.`{lookup.on_column}` = s.`_changed_key`")
            .withSchemaEvolution()
            .whenMatchedUpdate(
                condition=differs,
                set={name: F.col(f"s.`{name}`") for name in lookup.columns},
            )
            .execute()
        )
        if log.version() == before:
            # Nothing differed and nothing was committed: the last metrics are another commit's.
            return 0
        return int(log.last_operation().get("numTargetRowsUpdated", 0))

    def _check_types(self, spark: SparkSession, lookup: Lookup, current: DataFrame) -> None:
        """Refuse to squeeze looked-up values into columns made before their type was known."""
        stored = spark.read.format("delta").load(str(self.lake.path(self.table)))
        kinds, wanted = dict(stored.dtypes), dict(current.dtypes)
        for name in lookup.columns:
            if name in kinds and kinds[name] != wanted[name]:
                raise DeclarationError(
                    f"{self.table.full_name}: {name} is {kinds[name]}, in "
                    f"{lookup.table.full_name} it is {wanted[name]}: the table was filled before "
                    f"the looked-up one was there. Declare types={{{name!r}: {wanted[name]!r}}} in "
                    f"the Lookup and rebuild {self.table.full_name}."
                )

    def _version(self, lookup: Lookup) -> TableVersion:
        return self.lake.log(lookup.table).version() or ABSENT
