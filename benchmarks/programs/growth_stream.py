"""One stream from a landing directory into one table, by two engines: this one and Spark's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from benchmarks.orders import NEW_FILES
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.delta_log import DeltaLog
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

Engine = Literal["cloudFiles", "file source"]
ENGINES: tuple[Engine, ...] = get_args(Engine)
SCHEMA = "id BIGINT, text STRING"
FILES_A_MICRO_BATCH = 1000


@dataclass(frozen=True)
class GrowthStream:
    """The stream.

    Args:
        engine: what runs it: `read_stream`, or Spark's built-in file source.
        landing: where the files land.
        root: where table and checkpoint are.
    """

    engine: Engine
    landing: Path
    root: Path

    @property
    def checkpoint(self) -> Path:
        """The stream's checkpoint."""
        return self.root / "checkpoint"

    @property
    def log(self) -> Path:
        """The file source's log of the files it has seen."""
        return self.checkpoint / "sources" / "0"

    def run(self, spark: SparkSession, *, only_new: bool = False) -> None:
        """Take what is new.

        Args:
            spark: the session.
            only_new: look at no files but those of increments.
        """
        reader: Any
        if self.engine == "cloudFiles":
            from medallion_assets import read_stream

            reader = read_stream(spark).format("cloudFiles").option("cloudFiles.format", "json")
            reader = reader.option("cloudFiles.maxFilesPerTrigger", FILES_A_MICRO_BATCH)
            # The other takes files that may still be written.
            reader = reader.option("cloudFiles.settleSeconds", 0)
        else:
            reader = spark.readStream.format("json")
            reader = reader.option("maxFilesPerTrigger", FILES_A_MICRO_BATCH)
        if only_new:
            reader = reader.option("pathGlobFilter", f"{NEW_FILES}-*")
        rows = reader.schema(SCHEMA).load(str(self.landing))
        writer = rows.writeStream.format("delta").trigger(availableNow=True)
        writer = writer.option("checkpointLocation", str(self.checkpoint))
        writer.start(str(self.root / "table")).awaitTermination()

    def rows(self) -> int:
        """How many rows the table has."""
        return DeltaLog(self.root / "table").row_count()

    def files_of_last_batch(self) -> int:
        """How many files the newest micro-batch took."""
        if self.engine == "cloudFiles":
            ledger = FileLedger(ledger_directory(self.checkpoint))
            return len(ledger.batch(ledger.last_batch() or 0))
        newest = max(int(path.name.removesuffix(".compact")) for path in log_files(self.log))
        entries = [
            json.loads(line)
            for path in log_files(self.log)
            for line in path.read_text().splitlines()[1:]
        ]
        return len({entry["path"] for entry in entries if entry["batchId"] == newest})


def log_files(log: Path) -> list[Path]:
    """The files of the file source's log."""
    return [path for path in log.iterdir() if path.name.removesuffix(".compact").isdigit()]


def land(directory: Path, number: int, files: int, rows: int) -> None:
    """Land an increment.

    Args:
        directory: where.
        number: of the increment.
        files: how many.
        rows: in each.
    """
    directory.mkdir(parents=True, exist_ok=True)
    for file in range(files):
        first = (number * files + file) * rows
        lines = (f'{{"id":{first + row},"text":"row {row}"}}\n' for row in range(rows))
        path = directory / f"{NEW_FILES}-{number:03d}-{file:03d}.json"
        path.write_text("".join(lines))
