"""The same three tables as one would write them by hand with Spark and Delta alone.

No file ledger, no rescued data, no transaction ids, no counts, no deletes, no changed groups: the
file source, a merge and an aggregate. What the lakehouse adds is measured against this.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.orders import SCHEMA

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.readwriter import DataStreamWriter

    from medallion_assets.lakehouse.lake import Lake

_GOOD = "order_id is not null and amount >= 0"


def pipeline(spark: SparkSession, lake: Lake) -> BarePipeline:
    """The pipeline over a lake's landing directory."""
    from benchmarks.lakehouse import bronze_orders

    return BarePipeline(spark, lake.root, lake.landing_path(bronze_orders.source))


@dataclass(frozen=True)
class BarePipeline:
    """Three tables in a directory.

    Args:
        spark: the session.
        lake: the directory.
        landing: where the files land.
    """

    spark: SparkSession
    lake: Path
    landing: Path

    def bronze(self) -> None:
        """Append the new files."""
        from pyspark.sql import functions

        files = self.spark.readStream.schema(SCHEMA).json(str(self.landing))
        rows = files.select(
            "*",
            functions.col("_metadata.file_path").alias("_file_path"),
            functions.current_timestamp().alias("_ingested_at"),
        )
        writer = rows.writeStream.format("delta").option("path", self._path("bronze/orders"))
        self._run(writer, "bronze")

    def silver(self) -> None:
        """Merge the new rows by key, and set the bad ones aside."""
        rows = self.spark.readStream.format("delta").load(self._path("bronze/orders"))
        self._run(rows.writeStream.foreachBatch(self._merge), "silver")

    def gold(self) -> None:
        """Compute the aggregate again."""
        from pyspark.sql import functions

        orders = self.spark.read.format("delta").load(self._path("silver/orders"))
        revenue = orders.groupBy("order_date", "product").agg(
            functions.count("*").alias("orders"),
            functions.sum("quantity").alias("units"),
            functions.sum("amount").alias("revenue"),
        )
        revenue.write.format("delta").mode("overwrite").save(self._path("gold/revenue"))

    def layers(self) -> dict[str, Callable[[], None]]:
        """The three steps by name, in order."""
        return {"bronze": self.bronze, "silver": self.silver, "gold": self.gold}

    def _merge(self, batch: DataFrame, _: int) -> None:
        from delta.tables import DeltaTable
        from pyspark.sql import Window, functions

        rows = batch.withColumn("order_date", functions.col("ordered_at").cast("date")).persist()
        bad = rows.where(f"not coalesce({_GOOD}, false)")
        bad.write.format("delta").mode("append").save(self._path("silver/orders_quarantine"))
        newest = Window.partitionBy("order_id").orderBy(functions.col("updated_at").desc())
        orders = (
            rows.where(_GOOD)
            .withColumn("_place", functions.row_number().over(newest))
            .where("_place = 1")
            .drop("_place", "_file_path", "_ingested_at")
        )
        path = self._path("silver/orders")
        if DeltaTable.isDeltaTable(self.spark, path):
            (
                DeltaTable.forPath(self.spark, path)
                .alias("t")
                .merge(orders.alias("s"), "t.order_id = s.order_id")
                .whenMatchedUpdateAll("s.updated_at > t.updated_at")
                .whenNotMatchedInsertAll()
                .execute()
            )
        else:
            orders.write.format("delta").save(path)
        rows.unpersist()

    def _run(self, writer: DataStreamWriter, name: str) -> None:
        checkpoint = self._path(f"checkpoints/{name}")
        started = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
        started.awaitTermination()

    def _path(self, name: str) -> str:
        return str(self.lake / name)
