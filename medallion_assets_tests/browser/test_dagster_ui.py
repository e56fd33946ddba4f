"""One lake, one UI, one browser: what a person sees and does, from landing files to gold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from deltalake import DeltaTable
from playwright.sync_api import expect

from medallion_assets.cli.project import SAMPLE
from medallion_assets.orchestration.run_chart import WIDTH
from medallion_assets.shop.generator.files import write_atomically
from medallion_assets_tests.browser.asset_page import (
    check,
    click_materialize,
    metadata_value,
    open_asset,
    row_count,
)
from medallion_assets_tests.browser.bad_prices import (
    land_bad_prices,
    open_failing_rows,
    release_prices,
)
from medallion_assets_tests.browser.chromium import NO_CHROMIUM, chromium
from medallion_assets_tests.browser.conftest import Ui
from medallion_assets_tests.browser.lineage_graph import drawn_assets, open_lineage
from medallion_assets_tests.browser.runs_page import (
    new_run,
    open_runs,
    run_ids,
    wait_for_success,
)
from medallion_assets_tests.browser.sample_orders import lines, valid_order_ids

pytestmark = [
    pytest.mark.browser,
    pytest.mark.process,
    pytest.mark.skipif(chromium() is None, reason=NO_CHROMIUM),
    pytest.mark.timeout(900),
]

DROPPED = Path("orders/orders-0002-01.json")
GROWING = ("bronze/orders", "silver/orders", "gold/daily_revenue")


@dataclass(frozen=True)
class Tables:
    """What the tables of the orders hold, read without Dagster and Spark."""

    rows: dict[str, int]
    versions: dict[str, int]
    broken_rules: Counter[str]


def tables(ui: Ui) -> Tables:
    opened = {
        name: DeltaTable(str(ui.home.lake.root / name))
        for name in (*GROWING, "silver/orders_quarantine")
        if DeltaTable.is_deltatable(str(ui.home.lake.root / name))
    }
    rows = {name: table.to_pyarrow_table().num_rows for name, table in opened.items()}
    broken: Counter[str] = Counter()
    if quarantine := opened.get("silver/orders_quarantine"):
        for rules in quarantine.to_pyarrow_table()["_broken_rules"].to_pylist():
            broken.update(rules)
    return Tables(rows, {name: table.version() for name, table in opened.items()}, broken)


def landed(ui: Ui) -> list[Path]:
    return sorted((ui.home.lake.landing / "orders").glob("*.json"))


@pytest.fixture(scope="module")
def materialized(ui: Ui) -> Tables:
    """The tables after `silver/orders` was materialized by a click."""
    assert "silver/orders" not in tables(ui).rows
    open_runs(ui.page)
    known = run_ids(ui.page)
    open_asset(ui.page, "silver/orders")
    click_materialize(ui.page)
    open_runs(ui.page)
    wait_for_success(new_run(ui.page, known))
    return tables(ui)


@dataclass(frozen=True)
class Growth:
    """The tables before and after a file was dropped, and nothing else was done."""

    before: Tables
    after: Tables


@pytest.fixture(scope="module")
def growth(ui: Ui, materialized: Tables) -> Growth:
    open_runs(ui.page)
    known = run_ids(ui.page)
    write_atomically(ui.home.lake.landing / DROPPED, (SAMPLE / "batch-0002" / DROPPED).read_bytes())
    row = new_run(ui.page, known)
    expect(row).to_contain_text("orders_landing_sensor")
    expect(row).to_contain_text("lake/source: orders")
    expect(row).to_contain_text("orders_job")
    wait_for_success(row)
    return Growth(materialized, tables(ui))


def test_the_lineage_graph_goes_from_landing_to_gold(ui: Ui) -> None:
    open_lineage(ui.page)
    wanted = {
        *("landing/orders", "landing/clicks", "bronze/orders", "bronze/clicks"),
        *("silver/orders", "silver/orders_quarantine", "silver/clicks"),
        *("gold/daily_revenue", "gold/customer_value", "gold/click_conversion"),
        "gold/customer_features",
    }
    assert wanted <= drawn_assets(ui.page)


def test_an_asset_is_materialized_by_clicking(materialized: Tables) -> None:
    assert materialized.rows["silver/orders"] == len(
        valid_order_ids(sorted((SAMPLE / "batch-0001/orders").iterdir()))
    )


def test_the_asset_page_shows_rows_and_delta_version(ui: Ui, materialized: Tables) -> None:
    now = tables(ui)
    open_asset(ui.page, "silver/orders")
    expect(row_count(ui.page)).to_have_text(str(now.rows["silver/orders"]))
    version = metadata_value(ui.page, "delta_version")
    expect(version).to_have_text(str(now.versions["silver/orders"]))
    assert now.versions["silver/orders"] >= materialized.versions["silver/orders"]


def test_a_dropped_file_makes_a_run_by_itself_and_the_tables_grow(ui: Ui, growth: Growth) -> None:
    rows = growth.after.rows
    assert rows["bronze/orders"] == len(lines(landed(ui)))
    assert rows["silver/orders"] == len(valid_order_ids(landed(ui)))
    assert rows["silver/orders"] > growth.before.rows["silver/orders"]
    assert "gold/daily_revenue" not in growth.before.rows
    assert rows["gold/daily_revenue"] > 0


def test_the_checks_tab_shows_the_results(ui: Ui, growth: Growth) -> None:
    rule = "quantity_positive"
    quarantined = growth.after.broken_rules[rule] - growth.before.broken_rules[rule]
    assert quarantined > 0
    open_asset(ui.page, "silver/orders", "checks")
    expect(check(ui.page, "rows_conserved")).to_contain_text("Succeeded")
    expect(check(ui.page, rule)).to_contain_text("Failed")
    check(ui.page, rule).click()
    expect(metadata_value(ui.page, "failed_rows")).to_have_text(str(quarantined))
    read = len(lines([SAMPLE / "batch-0002" / DROPPED]))
    expect(metadata_value(ui.page, "evaluated_rows")).to_have_text(str(read))


def test_the_picture_of_the_last_runs_is_shown(ui: Ui, growth: Growth) -> None:
    written = growth.after.rows["bronze/orders"] - growth.before.rows["bronze/orders"]
    open_asset(ui.page, "bronze/orders")
    metadata_value(ui.page, "rows_and_quality").get_by_text("Show Markdown").click()
    picture = ui.page.get_by_role("img", name="bronze orders: rows written by the last runs")
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == WIDTH
    assert (picture.get_attribute("alt") or "").endswith(f", {written}")


def test_a_bad_file_blocks_what_is_downstream_until_its_rows_are_released(
    ui: Ui, growth: Growth
) -> None:
    before = growth.after.versions["gold/daily_revenue"]
    land_bad_prices(ui.home, ui.page)
    rows = open_failing_rows(ui.page)
    expect(rows).to_contain_text("products-bad.csv")
    expect(rows).to_contain_text('"price":-1.50')
    assert tables(ui).versions["gold/daily_revenue"] == before
    release_prices(ui.home, ui.page)
    assert tables(ui).versions["gold/daily_revenue"] > before
