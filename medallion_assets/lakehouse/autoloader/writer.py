"""Write a stream of files: Spark's `DataStreamWriter`, for `cloudFiles`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.delta_sink import DeltaSink, FunctionSink
from medallion_assets.lakehouse.autoloader.frame import CloudFilesFrame
from medallion_assets.lakehouse.autoloader.handle import CloudFilesQuery
from medallion_assets.lakehouse.autoloader.options import SchemaEvolutionMode
from medallion_assets.lakehouse.autoloader.stream import FileStream, Sink
from medallion_assets.lakehouse.catalog import table_at
from medallion_assets.lakehouse.errors import OptionError
from medallion_assets.lakehouse.streams.trigger import AVAILABLE_NOW, ONCE, processing_time

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_OPTIONS = ("checkpointlocation", "mergeschema", "overwriteschema", "path", "queryname")


class CloudFilesWriter:
    """The writer; its methods are those of Spark's `DataStreamWriter`."""

    def __init__(self, frame: CloudFilesFrame) -> None:
        self._frame = frame
        self._options: dict[str, str] = {}
        self._trigger = processing_time("0 seconds")
        self._partition_by: tuple[str, ...] = ()
        self._cluster_by: tuple[str, ...] = ()
        self._name: str | None = None
        self._function: Callable[[DataFrame, int], None] | None = None

    def format(self, source: str) -> CloudFilesWriter:
        """The sink's format; `delta` is the one that takes every file exactly once."""
        if source.lower() != "delta":
            raise OptionError(
                f"A cloudFiles stream writes format delta, not {source!r}: only Delta's log can "
                "hold rows and progress in one commit. For another sink use foreachBatch."
            )
        return self

    def option(self, key: str, value: object) -> CloudFilesWriter:
        """One option: checkpointLocation, mergeSchema, path; others go to Delta's writer."""
        self._options[key] = str(value).lower() if isinstance(value, bool) else str(value)
        return self

    def options(self, **options: object) -> CloudFilesWriter:
        """Several options."""
        for key, value in options.items():
            self.option(key, value)
        return self

    def outputMode(self, outputMode: str) -> CloudFilesWriter:  # noqa: N802, N803 - Spark's names
        """Append, the only mode of rows that stand by themselves."""
        if outputMode.lower() != "append":
            raise OptionError(
                f"Output mode {outputMode!r} is for aggregations; a cloudFiles stream appends."
            )
        return self

    def queryName(self, queryName: str) -> CloudFilesWriter:  # noqa: N802, N803 - Spark's names
        """The query's name."""
        self._name = queryName
        return self

    def trigger(
        self,
        *,
        processingTime: str | None = None,  # noqa: N803 - Spark's name
        once: bool | None = None,
        availableNow: bool | None = None,  # noqa: N803 - Spark's name
    ) -> CloudFilesWriter:
        """When micro-batches are taken; exactly one of the arguments."""
        if (
            sum(
                given is not None and given is not False
                for given in (processingTime, once, availableNow)
            )
            != 1
        ):
            raise OptionError("trigger takes one of processingTime, once and availableNow.")
        if processingTime is not None:
            self._trigger = processing_time(processingTime)
        else:
            self._trigger = ONCE if once else AVAILABLE_NOW
        return self

    def partitionBy(self, *columns: str) -> CloudFilesWriter:  # noqa: N802 - Spark's name
        """The table's partition columns, where it is made."""
        self._partition_by = columns
        return self

    def clusterBy(self, *columns: str) -> CloudFilesWriter:  # noqa: N802 - Spark's name
        """The table's clustering columns, where it is made."""
        self._cluster_by = columns
        return self

    def foreachBatch(  # noqa: N802 - Spark's name
        self, func: Callable[[DataFrame, int], None]
    ) -> CloudFilesWriter:
        """Hand each micro-batch to a function, with its number; a replay repeats the number."""
        self._function = func
        return self

    def start(self, path: str | None = None) -> CloudFilesQuery:
        """Start the stream into the Delta table at a path, or into the `foreachBatch` function."""
        if self._function is not None:
            return self._run(FunctionSink(self._function, self._frame.finish))
        target = path or self._option("path")
        if target is None:
            raise OptionError("start() needs the table's path, or use toTable(name).")
        return self._run(self._delta_sink(Path(target.removeprefix("file://")).resolve(), None))

    def toTable(self, tableName: str) -> CloudFilesQuery:  # noqa: N802, N803 - Spark's names
        """Start the stream into a table by name, or by ``delta.`/path` ``; made where missing."""
        name, path = table_at(self._frame.spark, tableName)
        return self._run(self._delta_sink(path, name))

    def table(self, tableName: str) -> CloudFilesQuery:  # noqa: N803 - Spark's name
        """The older name of `toTable`."""
        return self.toTable(tableName)

    def _delta_sink(self, path: Path, name: str | None) -> DeltaSink:
        mode = self._frame.options.schema_evolution_mode
        passed = {k: v for k, v in self._options.items() if k.lower() not in _OPTIONS}
        return DeltaSink(
            path=path,
            table=name,
            finish=self._frame.finish,
            merge_schema=(self._option("mergeSchema") or "false").lower() == "true",
            partition_by=self._partition_by,
            cluster_by=self._cluster_by,
            options=tuple(passed.items()),
            widening=mode is SchemaEvolutionMode.ADD_NEW_COLUMNS_WITH_TYPE_WIDENING,
        )

    def _run(self, sink: Sink) -> CloudFilesQuery:
        checkpoint = self._option("checkpointLocation")
        if checkpoint is None:
            raise OptionError(
                "The stream has no checkpoint: .option('checkpointLocation', directory). "
                "It holds what was already loaded, so it must be the stream's own and stay."
            )
        directory = Path(checkpoint.removeprefix("file://").removeprefix("file:")).resolve()
        stream = FileStream(
            directory=self._frame.directory,
            options=self._frame.options,
            checkpoint=directory,
            declared=self._frame.declared,
            pattern=self._frame.pattern,
        )
        if isinstance(sink, DeltaSink):
            sink.create(self._frame.spark, self._frame.empty(directory))
        return CloudFilesQuery(stream, sink, self._frame.spark, self._trigger, self._name)

    def _option(self, name: str) -> str | None:
        for key, value in self._options.items():
            if key.lower() == name.lower():
                return value
        return None
