"""The streaming DataFrame of a directory of files.

Operations that treat each row by itself are recorded and applied to every micro-batch, where
`_metadata` and all of Spark's expressions are at hand. What needs memory across micro-batches
(watermarks, aggregation, deduplication) belongs on a stream over the table this one writes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import nlargest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from medallion_assets.lakehouse.autoloader.discovery import LandedFile, Selection
from medallion_assets.lakehouse.autoloader.listing import Directory, files_in
from medallion_assets.lakehouse.autoloader.options import CloudFilesOptions
from medallion_assets.lakehouse.errors import OptionError

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession
    from pyspark.sql.types import StructType

    from medallion_assets.lakehouse.autoloader.writer import CloudFilesWriter

_ROW_WISE = frozenset(
    {
        "alias", "drop", "dropna", "fillna", "filter", "hint", "join", "replace", "select",
        "selectExpr", "to", "toDF", "transform", "where", "withColumn", "withColumnRenamed",
        "withColumns", "withColumnsRenamed", "withMetadata",
    }
)  # fmt: skip
_SAMPLE_FILES = 1000
_NO_ROWS = Path(__file__).with_name("no_rows.json")


@dataclass(frozen=True)
class CloudFilesFrame:
    """What `read_stream(spark).format("cloudFiles").load(path)` returns.

    Args:
        spark: the session.
        directory: the landing directory.
        options: the stream's.
        declared: DDL of the declared schema, None where it is inferred.
        operations: what was applied, in order.
        pattern: the path to load, where it is a glob.
    """

    spark: SparkSession
    directory: Directory
    options: CloudFilesOptions
    declared: str | None
    operations: tuple[Callable[[DataFrame], DataFrame], ...] = ()
    pattern: str | None = None

    @property
    def isStreaming(self) -> bool:  # noqa: N802 - Spark's name
        """True."""
        return True

    @property
    def schema(self) -> StructType:
        """The schema of the result.

        Raises:
            SchemaInferenceError: none is declared or stored and there is no file to infer from.
        """
        return self.empty().schema

    @property
    def columns(self) -> list[str]:
        """The names of the result's columns."""
        return list(self.empty().columns)

    @property
    def dtypes(self) -> list[tuple[str, str]]:
        """Name and type of the result's columns."""
        return list(self.empty().dtypes)

    def printSchema(self) -> None:  # noqa: N802 - Spark's name
        """Print the schema as Spark does."""
        self.empty().printSchema()

    @property
    def writeStream(self) -> CloudFilesWriter:  # noqa: N802 - Spark's name
        """The writer of the stream."""
        from medallion_assets.lakehouse.autoloader.writer import CloudFilesWriter

        return CloudFilesWriter(self)

    def __getitem__(self, name: str) -> Column:
        """A column of the result, by name."""
        from pyspark.sql import functions as F

        return F.col(name)

    def __getattr__(self, name: str) -> Any:
        """A row-wise operation of Spark's DataFrame."""
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in _ROW_WISE:
            from pyspark.sql import DataFrame

            if hasattr(DataFrame, name):
                raise OptionError(
                    f"{name}() is not possible on a cloudFiles stream: it would need rows of other "
                    "micro-batches. Write the files to a table first and apply it to a stream over "
                    "that: spark.readStream.table(...)."
                )
            from pyspark.sql import functions as F

            return F.col(name)

        def apply(*args: Any, **kwargs: Any) -> CloudFilesFrame:
            def operation(frame: DataFrame) -> DataFrame:
                result: DataFrame = getattr(frame, name)(*args, **kwargs)
                return result

            return replace(self, operations=(*self.operations, operation))

        return apply

    def finish(self, decoded: DataFrame) -> DataFrame:
        """The result of a decoded micro-batch: the documented columns, then the operations."""
        from pyspark.sql import functions as F

        from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED

        own = [name for name in decoded.columns if name not in (RESCUED, CORRUPT)]
        columns = [F.col(f"`{name}`") for name in own]
        if self.options.rescued_data_column is not None:
            # A record that could not be parsed has no columns; it is kept whole, not lost.
            corrupt = F.when(
                F.col(CORRUPT).isNotNull(),
                F.to_json(
                    F.struct(F.col(CORRUPT), F.col("_metadata.file_path").alias("_file_path"))
                ),
            )
            columns.append(F.coalesce(RESCUED, corrupt).alias(self.options.rescued_data_column))
        if self._shows_corrupt_records():
            columns.append(F.col(CORRUPT).alias(self.options.corrupt_record_column))
        frame = decoded.select(*columns)
        for operation in self.operations:
            frame = operation(frame)
        return frame

    def empty(self, schema_location: Path | None = None) -> DataFrame:
        """The result without rows, as what it will look like.

        Args:
            schema_location: where the schema is stored; the option's, where it is None.
        """
        from pyspark.sql import functions as F
        from pyspark.sql.types import StringType

        from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED

        # A real file source, though of an empty file: only that has the hidden `_metadata`. Its
        # columns are made up: JSON has not all types, such as maps whose keys are numbers.
        source = self.spark.read.schema("_nothing string").json(str(_NO_ROWS))
        kinds = {f.name: f.dataType for f in self._source_schema(schema_location).fields}
        kinds |= {RESCUED: StringType(), CORRUPT: StringType()}
        columns = [F.lit(None).cast(kind).alias(name) for name, kind in kinds.items()]
        return self.finish(source.select(*columns))

    def _source_schema(self, schema_location: Path | None) -> StructType:
        from medallion_assets.lakehouse.autoloader.ingest import Ingest, parsed_schema
        from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog

        declared = None if self.declared is None else parsed_schema(self.spark, self.declared)
        location = self.options.schema_location
        place = schema_location if location is None else Path(location)
        ingest = Ingest(
            directory=self.directory,
            options=self.options,
            declared=declared,
            schema_log=None if place is None else SchemaLog(place),
        )
        return ingest.schema(self.spark, self._newest)

    def _newest(self) -> list[LandedFile]:
        """The files to infer a schema from: a pass over all there are, 7 s for a million."""
        files = files_in(self.directory, Selection.of(self.options, self.pattern))
        return nlargest(_SAMPLE_FILES, files, key=lambda file: file.modified_ns)

    def _shows_corrupt_records(self) -> bool:
        """Whether the column for records that can't be parsed is in the schema or the hints."""
        name = re.escape(self.options.corrupt_record_column)
        given = (self.declared or "", self.options.schema_hints or "")
        return any(re.search(rf"(?:\A|,)\s*`?{name}`?[\s:]", ddl) for ddl in given)
