"""The page that lists the runs."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

RUN_SECONDS = 240
_ENDED = re.compile("Success|Failure|Canceled")


def open_runs(page: Page) -> None:
    """Open the list, and wait until it is there."""
    page.goto("/runs")
    expect(page.get_by_text("Launched by")).to_be_visible()
    expect(_rows(page).first).to_be_visible()


def run_ids(page: Page) -> set[str]:
    """The runs on the open page."""
    return {str(link.get_attribute("href")) for link in _rows(page).locator(_LINK).all()}


def new_run(page: Page, known: set[str]) -> Locator:
    """The row of the one run that is not among the known ones.

    Args:
        page: the open list.
        known: what `run_ids` gave before.
    """
    row = _rows(page)
    for run in known:
        row = row.filter(has_not=page.locator(f"a[href='{run}']"))
    expect(row).to_have_count(1, timeout=RUN_SECONDS * 1000)
    return row


def wait_for_success(row: Locator) -> None:
    """Wait until the run has ended, and well."""
    expect(row).to_contain_text(_ENDED, timeout=RUN_SECONDS * 1000)
    expect(row).to_contain_text("Success")


def open_failed_run(page: Page, row: Locator) -> None:
    """Wait until the run has failed, and open its page."""
    expect(row).to_contain_text(_ENDED, timeout=RUN_SECONDS * 1000)
    expect(row).to_contain_text("Failure")
    page.goto(str(row.locator(_LINK).first.get_attribute("href")))


_LINK = "a[href^='/runs/']"


def _rows(page: Page) -> Locator:
    return page.locator("[data-key]").filter(has=page.locator(_LINK))
