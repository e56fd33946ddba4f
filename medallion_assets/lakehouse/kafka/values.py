"""The values of events as columns: what a silver table over topics is given.

Beside the fields of the values every row has where it comes from: `_key`, `_headers`, `_topic`,
`_partition`, `_offset`, `_timestamp`, `_ingested_at`, `_batch`; `_tombstone`, whether the event has
no value; `_rescued_data` and `_corrupt_record` as rows of files have them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from medallion_assets.lakehouse.autoloader.evolution import (
    SchemaDecision,
    decide,
    has_case_variants,
)
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.errors import SchemaChangedError
from medallion_assets.lakehouse.sql_text import literal
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Table

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame
    from pyspark.sql.types import StructType

_VALUE = "_value"
_ORIGIN = ("_key", "_headers", "_topic", "_partition", "_offset", "_timestamp", "_tombstone")
_ADDED = frozenset({*_ORIGIN, _VALUE, "_ingested_at", "_batch", "_metadata"})


@dataclass(frozen=True)
class EventValues:
    """How the values of a source's events become columns.

    Args:
        source: the topics.
        schema_log: where an inferred schema is stored and evolves.
    """

    source: KafkaTopics
    schema_log: SchemaLog

    def rows(self, events: DataFrame) -> DataFrame:
        """The events of bronze with the fields of their values as columns.

        Args:
            events: streaming or not; a micro-batch where the schema is inferred.

        Raises:
            SchemaChangedError: new fields, and the mode is failOnNewColumns.
        """
        if self.source.value_format is None:
            return events
        carried = _carried(events)
        if self.source.value_format == "avro":
            return _avro_rows(carried, self.source.value_schema or "")
        return self._json_rows(carried)

    def _json_rows(self, carried: DataFrame) -> DataFrame:
        from pyspark.sql import functions as F

        from medallion_assets.lakehouse.autoloader.decode.json_fields import fields_of_texts
        from medallion_assets.lakehouse.autoloader.decode.json_records import rows_of_texts
        from medallion_assets.lakehouse.autoloader.ingest import exact_names, parsed_schema

        options = self.source.json_options()
        text = F.col(_VALUE).cast("string")
        spark = carried.sparkSession
        if self.source.value_schema is not None:
            declared = parsed_schema(spark, self.source.value_schema)
            decision, seen = SchemaDecision(declared), declared
        else:
            with exact_names(spark, of_columns=False):
                seen = fields_of_texts(carried, text)
            decision = self._decide(carried, seen)
        with exact_names(spark, of_columns=has_case_variants(seen)):
            rows = rows_of_texts(carried, text, seen, decision.schema, decision.unknown, options)
        return rows.drop(_VALUE, "_metadata")

    def _decide(self, carried: DataFrame, seen: StructType) -> SchemaDecision:
        from medallion_assets.lakehouse.autoloader.hints import (
            parse_hints,
            with_hinted_clocks,
            with_hints,
        )

        options = self.source.json_options()
        stored = self.schema_log.schema()
        hints = options.schema_hints
        given = hints if stored is None else None
        parsed = () if given is None else parse_hints(carried.sparkSession, given)
        seen = with_hints(seen, parsed)
        own = type(seen)([field for field in seen.fields if field.name not in _ADDED])
        decision = decide(stored, own, options.schema_evolution_mode)
        decision = replace(decision, schema=with_hinted_clocks(decision.schema, parsed))
        if decision.refused:
            raise SchemaChangedError(
                f"New fields in the topics {self.source.topics}: {', '.join(decision.refused)}. "
                "The mode is failOnNewColumns: add them to the schema or its hints, or mend the "
                "producer; then run again.",
                decision.refused,
            )
        changes = (*decision.added, *decision.widened)
        if changes:
            self.schema_log.store(decision.schema, changes, [self.source.topics])
        return decision


def values_of(table: Table, checkpoint: Path) -> EventValues | None:
    """How the values of events in a streamed table become columns; None where it has no events.

    Args:
        table: that is streamed.
        checkpoint: of the stream, which keeps an inferred schema.
    """
    source = table.source if isinstance(table, BronzeTable) else None
    return EventValues(source, SchemaLog(checkpoint)) if isinstance(source, KafkaTopics) else None


def inferred_values_of(table: Table, checkpoint: Path) -> EventValues | None:
    """The same where the values' fields are found in each micro-batch, else None."""
    values = values_of(table, checkpoint)
    return values if values is not None and values.source.infers_values else None


def _carried(events: DataFrame) -> DataFrame:
    """The events with their own columns named so that no field of a value can clash with them."""
    from pyspark.sql import functions as F

    place = F.concat_ws("/", "topic", "partition", "offset")
    own: list[Column] = [
        F.col("value").alias(_VALUE),
        *[F.col(name).alias(f"_{name}") for name in ("key", "headers", "topic", "partition")],
        F.col("offset").alias("_offset"),
        F.col("timestamp").alias("_timestamp"),
        F.col("value").isNull().alias("_tombstone"),
        F.col("_ingested_at"),
        F.col("_batch"),
        # Where what is rescued of a file's row names its file.
        F.struct(place.alias("file_path")).alias("_metadata"),
    ]
    return events.select(*own)


def _avro_rows(carried: DataFrame, schema: str) -> DataFrame:
    from pyspark.sql import functions as F

    from medallion_assets.lakehouse.autoloader.decode.format import CORRUPT, RESCUED

    parsed = F.expr(f"from_avro({_VALUE}, {literal(schema)}, map('mode', 'PERMISSIVE'))")
    carried = carried.withColumn("_record", parsed)
    names = _names(carried, "_record")
    # A value that does not fit the schema gives a record without a single field.
    empty = F.lit(True)
    for name in names:
        empty = empty & F.col("_record").getField(name).isNull()
    corrupt = F.when(F.col(_VALUE).isNotNull() & empty, F.base64(_VALUE))
    kept = [name for name in carried.columns if name not in ("_record", _VALUE, "_metadata")]
    return carried.select(
        *[F.col("_record").getField(name).alias(name) for name in names],
        F.lit(None).cast("string").alias(RESCUED),
        corrupt.alias(CORRUPT),
        *kept,
    )


def _names(frame: DataFrame, column: str) -> Sequence[str]:
    from pyspark.sql.types import StructType

    kind = frame.schema[column].dataType
    assert isinstance(kind, StructType)
    return kind.names
