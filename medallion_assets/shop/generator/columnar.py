"""How records look in binary files: Avro for clicks, Parquet for shipments."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence

from medallion_assets.shop.generator.records import Click, Shipment
from medallion_assets.shop.generator.text import milliseconds

CLICK_SCHEMA = {
    "type": "record",
    "name": "Click",
    "namespace": "shop",
    "fields": [
        {"name": "click_id", "type": "string"},
        {"name": "session_id", "type": "string"},
        {"name": "customer_id", "type": ["null", "long"]},
        {"name": "product_id", "type": "string"},
        {"name": "url", "type": "string"},
        {"name": "clicked_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    ],
}


def click_file(rows: Sequence[Click], name: str) -> bytes:
    """Return the clicks as an Avro file with deflated blocks.

    Args:
        rows: the clicks, in the order they are written.
        name: the file's name; its sync marker follows from it, or each run would give other bytes.
    """
    import fastavro  # here, so that declarations that import this package load no file format

    records = [
        {
            "click_id": row.click_id,
            "session_id": row.session_id,
            "customer_id": row.customer_id,
            "product_id": row.product_id,
            "url": row.url,
            "clicked_at": milliseconds(row.clicked_at),
        }
        for row in rows
    ]
    content = io.BytesIO()
    marker = hashlib.sha256(name.encode()).digest()[:16]
    fastavro.writer(content, CLICK_SCHEMA, records, codec="deflate", sync_marker=marker)
    return content.getvalue()


def shipment_file(rows: Sequence[Shipment]) -> bytes:
    """Return the shipments as a Parquet file, its timestamps in UTC microseconds."""
    import pyarrow as pa  # here, for the reason given above
    import pyarrow.parquet as pq

    timestamp = pa.timestamp("us", tz="UTC")
    table = pa.table(
        {
            "shipment_id": pa.array([row.shipment_id for row in rows], pa.int64()),
            "order_id": pa.array([row.order_id for row in rows], pa.int64()),
            "carrier": pa.array([row.carrier for row in rows], pa.string()),
            "shipped_at": pa.array([row.shipped_at for row in rows], timestamp),
            "delivered_at": pa.array([row.delivered_at for row in rows], timestamp),
            "updated_at": pa.array([row.updated_at for row in rows], timestamp),
        }
    )
    content = io.BytesIO()
    pq.write_table(table, content, compression="snappy")
    return content.getvalue()
