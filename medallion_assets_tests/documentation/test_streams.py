"""The scripts of `docs/streams.md` run as they are printed, on the shop's bronze tables."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable
from medallion_assets.shop import bronze
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.delta_rows import append, rows, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

MORNING = datetime(2026, 11, 1, 8, tzinfo=timezone.utc)
TIME = pa.timestamp("us", tz="UTC")
WHO = {"customer_id": pa.int64(), "product_id": pa.string()}
CLICKS = {"click_id": pa.string(), **WHO, "clicked_at": TIME, "url": pa.string()}
ORDERS = {"order_id": pa.int64(), **WHO, "ordered_at": TIME, "status": pa.string()}
MINUTE = timedelta(minutes=1)


def test_the_scripts_of_the_page(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    spark: SparkSession,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.root))
    scripts = blocks("docs/streams.md", "python")
    names: dict[str, Any] = {}
    for script in scripts[:2]:
        exec(script, names)
    visits, windows = names["clicks_with_orders"], names["views_by_product"]
    land(lake, bronze.clicks, ("bought", 0), ("bought", 0), ("only seen", 120), ("now", 400))
    land(lake, bronze.orders, (1, 30), (1, 30), (1, 30, "shipped"), (2, 410))
    assert [run(table, lake).rows.late for table in (visits, windows)] == [0, 0]
    land(lake, bronze.clicks, ("late", 1))
    land(lake, bronze.orders, (1, 30, "cancelled"))
    assert [run(table, lake).rows.late for table in (visits, windows)] == [1, 1]
    found = sorted((row["click_id"], row["order_id"]) for row in rows(lake.path(visits)))
    assert found == [("bought", 1), ("now", 2), ("only seen", None)]
    opened = sorted(
        ((r["start"] - MORNING) // MINUTE, r["count"]) for r in rows(lake.path(windows))
    )
    assert opened == [(0, 2), (120, 1), (400, 1)]
    capsys.readouterr()
    exec(scripts[2], names)
    shown = capsys.readouterr().out
    assert "|bronze.clicks|" in shown
    assert "|    late|" in shown


def land(lake: Lake, of: BronzeTable, *taken: tuple[Any, ...]) -> None:
    fields = CLICKS if of is bronze.clicks else ORDERS
    # Key, minute, and the status of an order that is not placed.
    values = [
        (key, 1, "P", MORNING + minute * MINUTE, *(rest or ["placed"]))
        for key, minute, *rest in taken
    ]
    append(lake.path(of), [dict(zip(fields, value, strict=False)) for value in values], fields)
