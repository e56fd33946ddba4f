"""Several tables as one would write them by hand with Spark and Delta alone, and gold over them.

As `benchmarks.programs.bare_pipeline` does it for one: the file source, a merge and an aggregate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.landed_table import LandedTable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming.readwriter import DataStreamWriter


@dataclass(frozen=True)
class BareTables:
    """Bronze and silver tables, and one gold table, in a directory.

    Args:
        spark: the session.
        lake: the directory.
        landing: with a directory for each table.
        tables: what lands.
        gold_name: of the gold table.
        query: computes it from all silver tables, given by their names.
    """

    spark: SparkSession
    lake: Path
    landing: Path
    tables: tuple[LandedTable, ...]
    gold_name: str
    query: Callable[..., DataFrame]

    def bronze(self) -> None:
        """Append the new files of each table."""
        from pyspark.sql import functions

        for table in self.tables:
            reader = self.spark.readStream.schema(table.ddl).option("header", "true")
            files = reader.format(table.format).load(str(self.landing / table.name))
            rows = files.select(
                "*",
                functions.col("_metadata.file_path").alias("_file_path"),
                functions.current_timestamp().alias("_ingested_at"),
            )
            path = self._path(f"bronze/{table.name}")
            writer = rows.writeStream.format("delta").option("path", path)
            self._run(writer, f"bronze.{table.name}")

    def silver(self) -> None:
        """Merge the new rows of each table by key."""
        for table in self.tables:
            bronze = self._path(f"bronze/{table.name}")
            rows = self.spark.readStream.format("delta").load(bronze)
            merge = self._merging(table)
            self._run(rows.writeStream.foreachBatch(merge), f"silver.{table.name}")

    def gold(self) -> None:
        """Compute the aggregate again."""
        stored = {
            table.name: self.spark.read.format("delta").load(self._path(f"silver/{table.name}"))
            for table in self.tables
        }
        path = self._path(f"gold/{self.gold_name}")
        self.query(**stored).write.format("delta").mode("overwrite").save(path)

    def layers(self) -> dict[str, Callable[[], None]]:
        """The three steps by name, in order."""
        return {"bronze": self.bronze, "silver": self.silver, "gold": self.gold}

    def _merging(self, table: LandedTable) -> Callable[[DataFrame, int], None]:
        def merge(batch: DataFrame, _: int) -> None:
            from delta.tables import DeltaTable
            from pyspark.sql import Window, functions

            sequence = functions.col(table.sequence)
            newest = Window.partitionBy(*table.keys).orderBy(sequence.desc())
            rows = (
                batch.withColumn("_place", functions.row_number().over(newest))
                .where("_place = 1")
                .drop("_place", "_file_path", "_ingested_at")
            )
            path = self._path(f"silver/{table.name}")
            if DeltaTable.isDeltaTable(self.spark, path):
                (
                    DeltaTable.forPath(self.spark, path)
                    .alias("t")
                    .merge(rows.alias("s"), " and ".join(f"t.{k} = s.{k}" for k in table.keys))
                    .whenMatchedUpdateAll(f"s.{table.sequence} > t.{table.sequence}")
                    .whenNotMatchedInsertAll()
                    .execute()
                )
            else:
                rows.write.format("delta").save(path)

        return merge

    def _run(self, writer: DataStreamWriter, name: str) -> None:
        checkpoint = self._path(f"checkpoints/{name}")
        started = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
        started.awaitTermination()

    def _path(self, name: str) -> str:
        return str(self.lake / name)
