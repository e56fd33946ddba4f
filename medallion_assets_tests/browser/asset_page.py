"""The page of one asset: its materialization, metadata and checks."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect


def open_asset(page: Page, asset: str, view: str = "overview") -> None:
    """Open a tab of an asset's page.

    Args:
        page: the browser's page.
        asset: the key, as `silver/orders`.
        view: the tab: `overview`, `events`, `checks` or `lineage`.
    """
    page.goto(f"/assets/{asset}?view={view}")
    expect(_materialize(page)).to_be_enabled()


def click_materialize(page: Page) -> None:
    """Start a run of the asset whose page is open, and wait until the run exists."""
    _materialize(page).click()
    # Dagster asks back when the run writes other assets too.
    confirm = page.get_by_role("button", name="Confirm", exact=True)
    launched = page.get_by_text(re.compile("^Launched run"))
    expect(confirm.or_(launched).first).to_be_visible()
    if confirm.is_visible():
        confirm.click()
    expect(launched.first).to_be_visible()


def _materialize(page: Page) -> Locator:
    # An icon's name comes first.
    return page.get_by_role("button", name=re.compile("Materialize$"))


def metadata_value(page: Page, key: str) -> Locator:
    """The value beside a key, in the metadata of a materialization or of a check."""
    name = page.locator("td:first-child", has_text=re.compile(f"^{re.escape(key)}$"))
    return page.locator("tr", has=name).locator("> td:last-child")


def shown_markdown(page: Page, key: str) -> Locator:
    """Open what a metadata key has as Markdown: the dialog that shows it."""
    metadata_value(page, key).get_by_text("Show Markdown").click()
    dialog = page.locator("[role=dialog], .bp5-dialog, .bp4-dialog").filter(has_text=key)
    expect(dialog.last).to_be_visible()
    return dialog.last


def row_count(page: Page) -> Locator:
    """The row count at the top of the asset's page."""
    return page.get_by_text("Row count", exact=True).locator("xpath=following-sibling::*[1]")


def check(page: Page, name: str) -> Locator:
    """A check in the list of the asset's checks: its name and how it ended."""
    named = page.locator("div").filter(has=page.get_by_title(name, exact=True))
    # The innermost one that has both.
    return named.filter(has_text=re.compile("Succeeded|Failed|Not executed", re.IGNORECASE)).last
