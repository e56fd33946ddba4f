"""A price list that is wrong in every row, what the UI shows of it, and how it is mended."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from medallion_assets.shop.generator.files import write_atomically
from medallion_assets_tests.browser.asset_page import check, open_asset, shown_markdown
from medallion_assets_tests.browser.dagster_ui import Home
from medallion_assets_tests.browser.runs_page import (
    RUN_SECONDS,
    new_run,
    open_failed_run,
    open_runs,
    run_ids,
)

FILE = Path("products/products-bad.csv")
PRICES = "product_id|name|category|price|updated_at\n" + "".join(
    f"P-000{key}|Repriced|Books|-{key}.50|2026-11-09T00:00:00Z\n" for key in range(1, 7)
)
BLOCKS = "price_positive_blocks"


def land_bad_prices(home: Home, page: Page) -> None:
    """Drop the file, and open the page of the run that its sensor starts and that is stopped."""
    open_runs(page)
    known = run_ids(page)
    write_atomically(home.lake.landing / FILE, PRICES.encode())
    open_failed_run(page, new_run(page, known))
    expect(page.get_by_text(f"silver/products: {BLOCKS}").first).to_be_visible()
    blocked = "Dependencies for step gold__daily_revenue were not executed"
    expect(page.get_by_text(blocked).first).to_be_visible()


def open_failing_rows(page: Page) -> Locator:
    """The failing rows, as the check shows them."""
    open_asset(page, "silver/products", "checks")
    # The sensor tries again meanwhile, and then the checks are shown as being in progress.
    for rule in (BLOCKS, "price_positive"):
        expect(check(page, rule)).to_contain_text("Failed", timeout=RUN_SECONDS * 1000)
    check(page, "price_positive").click()
    return shown_markdown(page, "failing_rows")


def release_prices(home: Home, page: Page) -> None:
    """Mend the rows, let them into the table, and open the checks that pass again."""
    home.medallion("release", "silver/products", "--set", "price=abs(price)")
    open_asset(page, "silver/products", "checks")
    expect(check(page, BLOCKS)).to_contain_text("Succeeded", timeout=RUN_SECONDS * 1000)
