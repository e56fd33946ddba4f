"""The last runs in metadata: as numbers, and as a picture that shows them."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg
import pytest
from PIL import Image

from medallion_assets.lakehouse.materialization import Materialization, Rows
from medallion_assets.lakehouse.quality.expectations import Action, ExpectationCount
from medallion_assets.lakehouse.tables import GoldTable, SilverTable, Table
from medallion_assets.orchestration.recent_runs import (
    RECENT_RUNS,
    REMEMBERED,
    ROWS_AND_QUALITY,
    recent_metadata,
    remembered,
)
from medallion_assets_tests.orchestration.small_lakehouse import (
    bronze_orders,
    gold_revenue,
    silver_orders,
)

START = datetime(2026, 11, 1, tzinfo=timezone.utc)
BLUE, ORANGE, RED = (47, 129, 247), (219, 109, 40), (229, 83, 75)


def outcome(table: Table, **rows: int) -> Materialization:
    return Materialization(table.full_name, batches=1, rows=Rows(**rows))


def after(table: Table, *outcomes: Materialization) -> Mapping[str, Any]:
    """The metadata of the last of several runs."""
    metadata: Mapping[str, Any] = {}
    for day, done in enumerate(outcomes):
        metadata = recent_metadata(table, done, metadata, START + timedelta(days=day))
    return metadata


def picture(metadata: Mapping[str, Any]) -> Image.Image:
    text = metadata[ROWS_AND_QUALITY].value
    assert text.startswith("![")
    data = base64.b64decode(text.partition("base64,")[2].removesuffix(")"))
    assert len(data) < 8_000
    return Image.open(io.BytesIO(data)).convert("RGBA")


def heights(image: Image.Image, colour: tuple[int, int, int], top: int, bottom: int) -> list[int]:
    """How tall the bars of a colour are, from the left."""

    def near(column: int, row: int) -> bool:
        red, green, blue, opaque = image.getpixel((column, row))  # type: ignore[misc]
        distance = max(abs(a - b) for a, b in zip(colour, (red, green, blue), strict=True))
        return bool(opaque) and distance < 12

    found, before = [], 0
    for column in range(64, image.width):
        tall = sum(near(column, row) for row in range(top, bottom))
        if tall and not before:
            found.append(tall)
        before = tall
    return found


def test_bars_are_as_tall_as_the_runs_wrote_rows() -> None:
    written = (100, 50, 0, 25, 1)
    metadata = after(gold_revenue, *(outcome(gold_revenue, written=rows) for rows in written))
    tall = heights(picture(metadata), BLUE, 24, 120)
    assert [round(height / tall[0], 1) for height in tall] == [1.0, 0.5, 0.2, 0.0]
    assert tall[-1] >= 2, "what is there at all is seen"


def test_shares_are_of_the_rows_that_were_read() -> None:
    rules = (
        ExpectationCount("small", Action.WARN, 10, 200),
        ExpectationCount("positive", Action.QUARANTINE, 4, 200),
    )
    bad = Materialization(
        silver_orders.full_name,
        batches=1,
        rows=Rows(read=200, kept=196, written=196, quarantined=4),
        expectations=rules,
    )
    metadata = after(silver_orders, outcome(silver_orders, read=10, written=10), bad)
    first, last = remembered(metadata)
    assert first.shares == {"quarantined": 0.0, "worst rule": 0.0}
    assert last.shares == {"quarantined": 0.02, "worst rule": 0.05}
    image = picture(metadata)
    below = image.height - 22 - 56
    (quarantined,), (worst,) = (
        heights(image, colour, below, image.height - 22) for colour in (ORANGE, RED)
    )
    assert quarantined / worst == pytest.approx(0.4, abs=0.05)


@pytest.mark.parametrize(
    ("table", "shares"),
    [
        (bronze_orders, {"rescued", "corrupt"}),
        (silver_orders, {"quarantined", "worst rule"}),
        (gold_revenue, set()),
    ],
)
def test_a_table_has_the_shares_of_its_kind(table: Table, shares: set[str]) -> None:
    assert isinstance(table, (GoldTable, SilverTable)) or shares
    (only,) = remembered(after(table, outcome(table, read=4, written=4)))
    assert only.shares.keys() == shares


def test_at_most_thirty_runs_are_kept() -> None:
    many = [outcome(gold_revenue, written=number) for number in range(1, REMEMBERED + 6)]
    metadata = after(gold_revenue, *many)
    assert [run.written for run in remembered(metadata)] == list(range(6, REMEMBERED + 6))
    assert len(heights(picture(metadata), BLUE, 24, 120)) == REMEMBERED
    assert len(str(metadata[RECENT_RUNS].value)) < 4_000


def test_a_run_with_nothing_new_keeps_what_there_was_and_draws_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing = Materialization(gold_revenue.full_name)
    assert recent_metadata(gold_revenue, nothing, {}, START) == {}
    before = after(gold_revenue, outcome(gold_revenue, written=1))
    monkeypatch.delattr("PIL.Image.new")
    kept = recent_metadata(gold_revenue, nothing, before, START)
    assert kept == before
    assert isinstance(kept[RECENT_RUNS], dg.JsonMetadataValue)
