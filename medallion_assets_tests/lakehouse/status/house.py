"""A small lakehouse with a table of every kind that a status tells apart."""

from __future__ import annotations

import json
from pathlib import Path

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    GoldTable,
    Lakehouse,
    LandingDirectory,
    Lookup,
    SilverTable,
)
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land


def landing(name: str, schema: str) -> BronzeTable:
    source = LandingDirectory(
        name=name, format="json", schema=schema, options={"cloudFiles.settleSeconds": "0"}
    )
    return BronzeTable(name=name, source=source)


bronze_towns = landing("towns", "town STRING, country STRING, seq BIGINT")
bronze_sales = landing("sales", "id BIGINT, town STRING, amount BIGINT, seq BIGINT")
towns = SilverTable(
    name="towns",
    source=bronze_towns,
    transform=lambda rows: rows.selectExpr("town", "country", "seq"),
    keys=("town",),
    sequence_by=("seq",),
)
sales = SilverTable(
    name="sales",
    source=bronze_sales,
    transform=lambda rows: rows.selectExpr("id", "town", "amount", "seq"),
    keys=("id",),
    sequence_by=("seq",),
    expectations=(expect_or_quarantine("positive", "amount > 0"),),
    lookups=(Lookup(table=towns, key="town", columns={"country": "country"}),),
)
turnover = GoldTable(
    name="turnover",
    sources={"sales": sales},
    group_by={"country": "country"},
    query=lambda sales: sales.groupBy("country").count(),
)
house = Lakehouse.from_tables([turnover])


def land_rows(lake: Lake, file: str, *rows: dict[str, object], age: int = 0) -> Path:
    """Land rows as a file, such as `sales/1.json`, that many seconds after `PAST`."""
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    return land(lake.landing / file, lines, PAST + age)
