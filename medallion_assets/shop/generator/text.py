"""How records look as lines of text: NDJSON for orders and customers, CSV for products."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from medallion_assets.shop.generator.records import (
    CustomerChange,
    CustomerRow,
    OrderRow,
    ProductRow,
)

PRODUCT_HEADER = "product_id|name|category|price|updated_at"


def iso(moment: datetime) -> str:
    """Return a UTC moment to the second, such as `2026-11-01T10:00:00Z`."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def order_line(row: OrderRow) -> str:
    """Return an order as a JSON object; without `channel` where the row has none."""
    # By hand: json would write 19.90 as 19.9, and the feed has two decimals.
    fields = [
        f'"order_id":{json.dumps(row.order_id)}',
        f'"customer_id":{row.customer_id}',
        f'"product_id":{json.dumps(row.product_id)}',
        f'"quantity":{json.dumps(row.quantity)}',
        f'"amount":{row.amount:.2f}',
        f'"status":{json.dumps(row.status)}',
        f'"ordered_at":{json.dumps(iso(row.ordered_at) if row.ordered_at else None)}',
        f'"updated_at":{json.dumps(iso(row.updated_at))}',
    ]
    if row.channel is not None:
        fields.append(f'"channel":{json.dumps(row.channel)}')
    return "{" + ",".join(fields) + "}"


def product_line(row: ProductRow) -> str:
    """Return a product as a pipe-delimited line."""
    fields = (row.product_id, row.name, row.category, str(row.price), iso(row.updated_at))
    return "|".join(fields)


def customer_line(change: CustomerChange) -> str:
    """Return a change as a Debezium envelope without its schema part."""
    committed = milliseconds(change.committed_at)
    envelope = {
        "before": _customer(change.before),
        "after": _customer(change.after),
        "source": {
            "version": "3.3.1.Final",
            "connector": "postgresql",
            "name": "shop",
            "ts_ms": committed,
            "snapshot": "true" if change.op == "r" else "false",
            "db": "shop",
            "schema": "public",
            "table": "customers",
            "txId": change.transaction_id,
            "lsn": change.lsn,
        },
        "op": change.op,
        # Debezium sees a change a little after it is committed.
        "ts_ms": committed + 150 + change.lsn % 97,
        "transaction": None,
    }
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))


def milliseconds(moment: datetime) -> int:
    """Return the milliseconds since 1970, without the rounding of a float."""
    return (moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)) // timedelta(milliseconds=1)


def _customer(row: CustomerRow | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "customer_id": row.customer_id,
        "name": row.name,
        "email": row.email,
        "country": row.country,
        "segment": row.segment,
        "updated_at": iso(row.updated_at),
    }
