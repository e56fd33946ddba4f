"""Gold: aggregates that follow their sources, one changed group at a time.

The change data feed of the sources names the groups whose rows changed, before and after the
change. Those groups, and no others, are computed again from the sources and replace their rows.
The result always equals the batch query over the sources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from medallion_assets.lakehouse import lineage, skipping, whole_gold
from medallion_assets.lakehouse.delta_log import TableVersion
from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization, Rows
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.skipping import Bounds
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.streams.trigger import Trigger
from medallion_assets.lakehouse.tables import GoldTable
from medallion_assets.lakehouse.type_drift import fitted, lake_table
from medallion_assets.lakehouse.whole_gold import WholeGold

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

_GONE = "_gone"


def materialize_gold(table: GoldTable, run: Run) -> Materialization:
    """Compute the groups that changed in the sources.

    Args:
        table: the table.
        run: what it works with; a session only when a source changed.
    """
    lake = run.lake
    checkpoint = Checkpoint(lake.stream_directory(table))
    versions: dict[str, TableVersion] = {}
    for name, source in table.sources.items():
        version = lake.log(source).version()
        if version is None:
            return Materialization(table.full_name)
        versions[name] = version
    # Without their generations: the change data feed goes on across a rebuild of a source.
    sources = ", ".join(source.full_name for source in table.sources.values())
    stream = checkpoint.claim(sources, lake.target(table), filled=lake.log(table).exists())
    computing = _Computing(table, lake, stream, run.progress)
    if run.trigger.continuous or checkpoint.consumed() != versions:
        spark = run.session()
        _note_lineage(table, lake, spark)
        ended = query.run(
            lambda: computing.changes(spark, run.trigger),
            computing.batch,
            name=table.full_name,
            checkpoint=checkpoint.directory,
            trigger=run.trigger,
            stop_requested=run.stop_requested,
        )
        if ended.complete:
            checkpoint.record_consumed(versions)
    return Materialization(table.full_name, batches=computing.batches, rows=computing.rows)


def batch_result(table: GoldTable, lake: Lake, spark: SparkSession) -> DataFrame:
    """The table as the batch query over the whole sources gives it."""
    stored = {
        name: spark.read.format("delta").load(str(lake.path(source)))
        for name, source in table.sources.items()
    }
    return _whole_result(table, stored)


def _whole_result(table: GoldTable, stored: Mapping[str, DataFrame]) -> DataFrame:
    return table.query(
        **{name: _with_groups(rows, table.group_expressions(name)) for name, rows in stored.items()}
    )


def _note_lineage(table: GoldTable, lake: Lake, spark: SparkSession) -> None:
    stored = {
        name: spark.read.format("delta").load(str(lake.path(source)))
        for name, source in table.sources.items()
    }
    upstream = {source.full_name: stored[name] for name, source in table.sources.items()}
    lineage.note(lake, table, _whole_result(table, stored), upstream)


@dataclass
class _Computing:
    """The micro-batch function of one run, and what it has counted."""

    table: GoldTable
    lake: Lake
    stream: str
    progress: Callable[[str], None]
    batches: int = 0
    rows: Rows = field(default_factory=Rows)

    def changes(self, spark: SparkSession, trigger: Trigger) -> DataFrame:
        """The groups of every changed row of every source, as one stream."""
        feeds = []
        for name, source in self.table.sources.items():
            reader = spark.readStream.format("delta").option("readChangeFeed", "true")
            if trigger.kind == "once":
                reader = reader.option("maxFilesPerTrigger", str(2**31 - 1))
            feed = reader.load(str(self.lake.path(source)))
            feeds.append(_with_groups(feed, self.table.group_expressions(name)).select(*self.keys))
        return reduce(lambda one, other: one.unionByName(other), feeds)

    def batch(self, changes: DataFrame, number: int) -> None:
        """Compute the micro-batch's groups and replace their rows."""
        path, spark = self.lake.path(self.table), changes.sparkSession
        done = self.lake.log(self.table).transaction_version(self.stream)
        if done is not None and done >= number:
            return
        if not self.lake.log(self.table).exists():
            result = self._checked(batch_result(self.table, self.lake, spark))
            query.append(
                result, path, transaction=(self.stream, number), cluster_by=self.table.cluster_by
            )
            rows = _rows(self.lake.log(self.table).last_operation())
        else:
            whole = self._written_over(spark, number)
            rows = self._merged(changes, number) if whole is None else whole
        self.batches += 1
        self.rows = self.rows + rows
        self.progress(f"batch {number}: {rows.written} groups")

    def _written_over(self, spark: SparkSession, number: int) -> Rows | None:
        """Compute a small table whole; None where that can't be done or does not pay."""
        path = self.lake.path(self.table)
        sources = (self.lake.path(source) for source in self.table.sources.values())
        if self.table.cluster_by or not whole_gold.is_worth_it(path, sources):
            # Writing a table over would take its clustering away.
            return None
        result = self._checked(batch_result(self.table, self.lake, spark))
        stored = spark.read.format("delta").load(str(path))
        whole = WholeGold(self.table.full_name, path, stored, self.keys)
        return whole.replace(result, (self.stream, number)) if whole.takes(result) else None

    def _merged(self, changes: DataFrame, number: int) -> Rows:
        """Compute the groups that changed, and replace their rows."""
        groups = changes.distinct().persist()
        try:
            # Once they are there Spark knows how few they are, and sends them to the sources' rows
            # instead of sorting those.
            groups.count()
            self._replace(changes.sparkSession, groups, number)
        finally:
            groups.unpersist()
        return _rows(self.lake.log(self.table).last_operation())

    @property
    def keys(self) -> list[str]:
        """The group columns."""
        return list(self.table.group_by)

    def _replace(self, spark: SparkSession, groups: DataFrame, number: int) -> None:
        from pyspark.sql import functions as F

        from medallion_assets.lakehouse.type_widening.declared import widens

        changed = groups.select(*[F.col(key).alias(f"_changed_{key}") for key in self.keys])
        paths = [self.lake.path(source) for source in self.table.sources.values()]
        large = any(map(skipping.is_worth_it, paths))
        bounds = skipping.bounds_of(groups, self.keys) if large else {}
        result = self._checked(
            self.table.query(
                **{name: self._rows_of(spark, name, changed, bounds) for name in self.table.sources}
            )
        )
        values = [name for name in result.columns if name not in self.keys]
        found = result.withColumn(_GONE, F.lit(False))
        source = (
            changed.join(found, _same(changed, found, self.keys), "left")
            .drop(*self.keys)
            .withColumnsRenamed({f"_changed_{key}": key for key in self.keys})
            .withColumn(_GONE, F.coalesce(_GONE, F.lit(True)))
        )
        typed = lake_table(
            self.table.full_name, self.lake.path(self.table), widening=widens(self.table)
        )
        with fitted(source, (typed,)) as rows:
            self._merge(rows, values, number)

    def _merge(self, source: DataFrame, values: list[str], number: int) -> None:
        """Replace the rows of groups, whose new rows have the types of the table."""
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        spark = source.sparkSession
        on = " and ".join(f"t.`{key}` <=> s.`{key}`" for key in self.keys)
        row: dict[str, str | Column] = {
            name: F.col(f"s.`{name}`") for name in [*self.keys, *values]
        }
        gone = F.col(f"s.{_GONE}")
        target = DeltaTable.forPath(spark, str(self.lake.path(self.table)))
        stored = set(target.toDF().columns)
        differs: Column = F.lit(False)
        for name in values:
            if name in stored:
                differs = differs | ~F.col(f"t.`{name}`").eqNullSafe(F.col(f"s.`{name}`"))
            else:
                differs = F.lit(True)
        with query.transaction(spark, (self.stream, number)):
            (
                target.alias("t")
                .merge(source.alias("s"), on)
                .withSchemaEvolution()
                .whenMatchedDelete(condition=gone)
                .whenMatchedUpdate(condition=differs, set=row)
                .whenNotMatchedInsert(condition=~gone, values=row)
                .execute()
            )

    def _rows_of(
        self,
        spark: SparkSession,
        name: str,
        changed: DataFrame,
        bounds: Mapping[str, Bounds],
    ) -> DataFrame:
        """A source's rows that belong to changed groups, with the group columns."""
        stored = spark.read.format("delta").load(str(self.lake.path(self.table.sources[name])))
        rows = _with_groups(stored, self.table.group_expressions(name))
        for key, within in bounds.items():
            rows = rows.where(within.holds(rows[key]))
        return rows.join(changed, _same(changed, rows, self.keys), "left_semi")

    def _checked(self, result: DataFrame) -> DataFrame:
        missing = [key for key in self.keys if key not in result.columns]
        if missing:
            raise DeclarationError(
                f"{self.table.full_name}: the query's result lacks the group columns "
                f"{', '.join(missing)}. Group by them, or take them out of group_by."
            )
        return result


def _with_groups(rows: DataFrame, expressions: Mapping[str, str]) -> DataFrame:
    from pyspark.sql import functions as F

    return rows.withColumns({name: F.expr(text) for name, text in expressions.items()})


def _same(changed: DataFrame, rows: DataFrame, keys: list[str]) -> Column:
    conditions = [changed[f"_changed_{key}"].eqNullSafe(rows[key]) for key in keys]
    return reduce(lambda one, other: one & other, conditions)


def _rows(metrics: Mapping[str, str]) -> Rows:
    inserted = int(metrics.get("numTargetRowsInserted", metrics.get("numOutputRows", 0)))
    updated = int(metrics.get("numTargetRowsUpdated", 0))
    deleted = int(metrics.get("numTargetRowsDeleted", 0))
    written = inserted + updated + deleted
    return Rows(
        read=written,
        kept=written,
        written=written,
        inserted=inserted,
        updated=updated,
        deleted=deleted,
    )
