"""Bronze: what landed, raw, with where it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.stream import FileStream
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.materialization import Materialization, RescuedColumn, Rows
from medallion_assets.lakehouse.run import Run
from medallion_assets.lakehouse.streams import query
from medallion_assets.lakehouse.tables import BronzeTable, CopiedDirectory, KafkaTopics

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from medallion_assets.lakehouse.autoloader.ingest import Decoded

PROVENANCE = {
    "_rescued_data": "JSON of the values that have no place in the columns; null when none.",
    "_corrupt_record": "The record as it stood in the file, where it could not be parsed.",
    "_file_path": "The file the row came from.",
    "_file_modification_time": "When that file was last modified.",
    "_ingested_at": "When the row's micro-batch was taken.",
    "_batch": "The micro-batch's number in the file ledger.",
}
"""The columns bronze adds to its source's own, and what they hold."""


@dataclass(frozen=True)
class BronzeSink:
    """The Delta table of one bronze table.

    Args:
        path: of the table.
        name: the target, for the checkpoint's identity.
        widening: whether columns may get wider types.
        cluster_by: columns for liquid clustering.
    """

    path: Path
    name: str
    widening: bool = False
    cluster_by: tuple[str, ...] = ()

    @property
    def filled(self) -> bool:
        """Whether the table is there: nothing but its stream writes it."""
        return DeltaLog(self.path).exists()

    def committed(self, stream: str) -> int | None:
        """The last micro-batch in the table, from the table's own log."""
        return DeltaLog(self.path).transaction_version(stream)

    def write(self, decoded: Decoded, stream: str, batch: int, replaced: Sequence[str]) -> Rows:
        """Append the rows and count them in the same pass."""
        from pyspark.sql import Observation
        from pyspark.sql import functions as F

        done = self.committed(stream)
        if done is not None and done >= batch:
            # Delta would skip the write, and then nothing is ever observed.
            return Rows()
        spark = decoded.frames[0].sparkSession
        self._remove(spark, replaced, batch)
        frames = [with_provenance(frame, batch) for frame in decoded.frames]
        whole = frames[0]
        for frame in frames[1:]:
            whole = whole.unionByName(frame)
        counted = Observation(f"bronze {batch}")
        whole = whole.observe(
            counted,
            F.count(F.lit(1)).alias("rows"),
            F.count("_rescued_data").alias("rescued"),
            F.count("_corrupt_record").alias("corrupt"),
        )
        query.append(
            whole,
            self.path,
            transaction=(stream, batch),
            cluster_by=self.cluster_by,
            widening=self.widening,
        )
        counts = counted.get
        written = int(DeltaLog(self.path).last_operation().get("numOutputRows", 0))
        return Rows(
            read=counts["rows"],
            kept=counts["rows"],
            written=written,
            inserted=written,
            rescued=counts["rescued"],
            corrupt=counts["corrupt"],
        )

    def _remove(self, spark: SparkSession, files: Sequence[str], before: int) -> None:
        """Delete the rows that earlier micro-batches took from files which are taken again.

        In a commit of its own: streams over this table skip a commit that deletes, and take the
        rows that are appended after it.
        """
        from delta.tables import DeltaTable
        from pyspark.sql import functions as F

        if not files or not DeltaLog(self.path).exists():
            return
        old = path_of_file().isin(list(files)) & (F.col("_batch") < before)
        DeltaTable.forPath(spark, str(self.path)).delete(old)


def path_of_file() -> Column:
    """The file a row of a bronze table came from, spelled as in the file ledger."""
    from pyspark.sql import functions as F

    from medallion_assets.lakehouse.autoloader.partitions import decoded_uri

    return decoded_uri(F.regexp_replace("_file_path", "^file:(//)?(?=/)", ""))


def provenance(batch: int) -> dict[str, str]:
    """The columns that say where a row came from, as SQL over a row of a file."""
    return {
        "_file_path": "_metadata.file_path",
        "_file_modification_time": "_metadata.file_modification_time",
        "_ingested_at": _beside_the_code("current_timestamp()"),
        "_batch": _beside_the_code(f"{batch}L"),
    }


def _beside_the_code(value: str) -> str:
    """A micro-batch's constant, as SQL that keeps it out of the code that Spark generates.

    A number or time within it would make it other code: compiled anew for every micro-batch, and
    as slow as code that has never run. An element of an array is looked up instead.
    """
    return f"array({value})[length(_metadata.file_path) & 0]"


def with_provenance(frame: DataFrame, batch: int) -> DataFrame:
    """Add the columns that say where a row came from."""
    return frame.selectExpr("*", *(f"{sql} AS {name}" for name, sql in provenance(batch).items()))


def materialize_bronze(table: BronzeTable, run: Run) -> Materialization:
    """Take what is new in the landing directory or the topics.

    Args:
        table: the table.
        run: what it works with.
    """
    if isinstance(table.source, CopiedDirectory):
        from medallion_assets.lakehouse.copied_bronze import materialize_copied

        return materialize_copied(table, table.source, run)
    if isinstance(table.source, KafkaTopics):
        from medallion_assets.lakehouse.kafka_bronze import materialize_topics

        return materialize_topics(table, table.source, run)

    from medallion_assets.lakehouse.type_widening.declared import widens

    lake = run.lake
    stream = FileStream(
        directory=lake.landing_path(table.source),
        options=table.source.cloud_files_options(),
        checkpoint=lake.stream_directory(table),
        declared=table.source.schema,
    )
    sink = BronzeSink(lake.path(table), lake.target(table), widens(table), table.cluster_by)
    done = stream.run(run.session, sink, run.trigger, run.progress, run.stop_requested)
    last = stream.ledger.last_commit()
    return Materialization(
        table=table.full_name,
        batches=done.batches,
        rows=done.rows,
        files=stream.files(done, last),
        rescued=_rescued(table, run, 0 if last is None else last - done.batches + 1)
        if done.rows.rescued
        else (),
    )


def _rescued(table: BronzeTable, run: Run, since: int) -> tuple[RescuedColumn, ...]:
    """The columns that values were rescued of, from a micro-batch on."""
    from medallion_assets.lakehouse.rescued_columns import rescued_columns

    path = run.lake.path(table)
    return rescued_columns(run.session(), path, since, personal=table.is_personal)
