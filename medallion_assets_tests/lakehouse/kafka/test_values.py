"""What a silver table is given of events that bronze keeps raw."""

from __future__ import annotations

import datetime
import io
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import fastavro
import pyarrow as pa
import pytest

from medallion_assets.lakehouse.changes.debezium import debezium_rows
from medallion_assets.lakehouse.errors import DeclarationError, SchemaChangedError
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import table_lineage
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, OutputMode, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import append, rows, run

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

pytestmark = pytest.mark.usefixtures("spark")

CLUSTER = KafkaCluster(bootstrap_servers="127.0.0.1:1")
NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
EVENT = {
    "key": pa.binary(),
    "value": pa.binary(),
    "topic": pa.string(),
    "partition": pa.int32(),
    "offset": pa.int64(),
    "timestamp": pa.timestamp("us", "UTC"),
    "timestampType": pa.int32(),
    "headers": pa.list_(pa.struct({"key": pa.string(), "value": pa.binary()})),
    "_ingested_at": pa.timestamp("us", "UTC"),
    "_batch": pa.int64(),
}


def topic(**declared: Any) -> BronzeTable:
    source = KafkaTopics(name="events", cluster=CLUSTER, subscribe=("t",), **declared)
    return BronzeTable(name="events", source=source)


def silver(
    bronze: BronzeTable, transform: Callable[[DataFrame], DataFrame], **more: Any
) -> SilverTable:
    return SilverTable(name="events", source=bronze, transform=transform, **more)


def arrive(lake: Lake, bronze: BronzeTable, *values: bytes | None) -> None:
    path = lake.path(bronze)
    first = len(rows(path, "offset")) if path.is_dir() else 0
    append(
        path,
        [
            {
                "value": value, "topic": "t", "partition": 0, "offset": first + number,
                "timestamp": NOW, "timestampType": 0, "_ingested_at": NOW, "_batch": first,
            }
            for number, value in enumerate(values)
        ],
        EVENT,
    )  # fmt: skip


def said(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def place(events: DataFrame) -> DataFrame:
    own = [name for name in events.columns if not name.startswith("_")]
    return events.selectExpr(
        *own, "_offset as at", "_corrupt_record as corrupt", "_rescued_data as rescued",
        "_tombstone as tombstone",
    )  # fmt: skip


def by_place(lake: Lake, table: SilverTable) -> list[dict[str, Any]]:
    held = sorted(rows(lake.path(table)), key=lambda row: row["at"])
    return [{name: value for name, value in row.items() if value is not None} for row in held]


def test_the_fields_of_json_values_are_found_typed_and_kept_as_they_appear(lake: Lake) -> None:
    bronze = topic(value_format="json", value_options={"cloudFiles.schemaHints": "price double"})
    table = silver(bronze, place)
    arrive(
        lake, bronze, said(id=1, name="a", price=2), None, b"{broken", b'[{"id": 9}, {"id": 10}]',
        b"\xff{}", said(id=2, key="own", timestamp="own"),
    )  # fmt: skip
    done = run(table, lake)
    assert (done.rows.conserved, done.rows.written) == (True, 6)
    whole = {"tombstone": False}
    first, gone, broken, array, bytes_, named = by_place(lake, table)
    assert first == {"id": 1, "name": "a", "price": 2.0, "at": 0, **whole}
    assert gone == {"at": 1, "tombstone": True}
    assert (broken["corrupt"], array["corrupt"]) == ("{broken", '[{"id": 9}, {"id": 10}]')
    assert bytes_["corrupt"].endswith("{}")
    assert "_corrupt_record" in json.loads(bytes_["rescued"])
    assert named == {"id": 2, "key": "own", "timestamp": "own", "at": 5, **whole}
    arrive(lake, bronze, said(id=3, colour="red"), said(id="four", nested={"deep": [1]}))
    run(table, lake)
    later, misfit = by_place(lake, table)[6:]
    assert later == {"id": 3, "colour": "red", "at": 6, **whole}
    assert misfit["nested"] == {"deep": [1]}
    assert json.loads(misfit["rescued"]) == {"_file_path": "t/0/7", "id": "four"}
    types = {column.name: column.type for column in lake.log(table).columns()}
    assert (types["id"], types["price"], types["colour"]) == ("bigint", "double", "string")
    known = table_lineage(lake, table).pairs
    assert known["colour"] == (("bronze.events", "value"),)
    assert known["at"] == (("bronze.events", "offset"),)


def test_new_fields_can_be_refused(lake: Lake) -> None:
    options = {"cloudFiles.schemaEvolutionMode": "failOnNewColumns"}
    bronze = topic(value_format="json", value_options=options)
    table = silver(bronze, place)
    arrive(lake, bronze, said(id=1))
    run(table, lake)
    arrive(lake, bronze, said(id=2, colour="red"))
    with pytest.raises(SchemaChangedError, match=r"New fields in the topics t: colour\."):
        run(table, lake)
    assert len(rows(lake.path(table))) == 1


def test_declared_json_values_stay_a_stream(lake: Lake) -> None:
    """So a transform can remember: counted windows need the stream itself."""
    bronze = topic(value_format="json", value_schema="id bigint, at timestamp")

    def count(events: DataFrame) -> DataFrame:
        assert events.isStreaming
        return events.groupBy("id").count()

    table = silver(bronze, count, output_mode=OutputMode.COMPLETE)
    arrive(lake, bronze, said(id=1, at="2026-01-01T00:00:00Z"), said(id=1), said(id=2, more=1))
    run(table, lake)
    arrive(lake, bronze, said(id=2))
    run(table, lake)
    held = {row["id"]: row["count"] for row in rows(lake.path(table))}
    assert held == {1: 2, 2: 2}
    with pytest.raises(DeclarationError, match="declare value_schema"):
        silver(topic(value_format="json"), count, output_mode=OutputMode.COMPLETE)


def test_avro_values_are_read_with_the_schema_they_were_written_with(lake: Lake) -> None:
    schema = {
        "type": "record",
        "name": "view",
        "fields": [{"name": "id", "type": "long"}, {"name": "page", "type": ["null", "string"]}],
    }
    bronze = topic(value_format="avro", value_schema=json.dumps(schema))
    table = silver(bronze, place)
    written = io.BytesIO()
    fastavro.schemaless_writer(written, fastavro.parse_schema(schema), {"id": 7, "page": "/it's"})
    arrive(lake, bronze, written.getvalue(), b"\x01", None)
    run(table, lake)
    good, bad, gone = by_place(lake, table)
    assert good == {"id": 7, "page": "/it's", "at": 0, "tombstone": False}
    assert (bad["corrupt"], gone) == ("AQ==", {"at": 2, "tombstone": True})


def test_values_without_a_format_are_handed_on_as_they_are(lake: Lake) -> None:
    bronze = topic()
    table = silver(bronze, lambda events: events.selectExpr("cast(value as string) as text"))
    arrive(lake, bronze, b"anything")
    run(table, lake)
    assert rows(lake.path(table)) == [{"text": "anything"}]


def test_debezium_events_of_a_topic_take_the_same_path_as_those_of_files(lake: Lake) -> None:
    def event(op: str, lsn: int, before: Any, after: Any) -> bytes:
        return said(op=op, before=before, after=after, source={"lsn": lsn}, ts_ms=lsn)

    bronze = topic(value_format="json")
    table = silver(
        bronze,
        debezium_rows,
        keys=("id",),
        sequence_by=("_order",),
        apply_as_deletes="_op = 'd'",
        expectations=(expect_or_quarantine("parsed", "_corrupt_record is null"),),
    )
    arrive(
        lake, bronze, event("r", 1, None, {"id": 1, "name": "a"}), b"{broken",
        event("c", 2, None, {"id": 2, "name": "b"}),
    )  # fmt: skip
    assert run(table, lake).rows.quarantined == 1
    arrive(
        lake, bronze, event("u", 9, None, {"id": 1, "name": "A", "city": "Ulm"}),
        event("d", 5, {"id": 2}, None), None, event("u", 4, None, {"id": 2, "name": "late"}),
    )  # fmt: skip
    assert run(table, lake).rows.conserved
    held = rows(lake.path(table), "id", "name", "city")
    assert held == [{"id": 1, "name": "A", "city": "Ulm"}]
