"""Takes the README's pictures: `python -m medallion_assets_tests.browser.screenshots`.

Does what a person does after `make run` and `make ui`, on a lake of its own in a temporary
directory.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, expect

from medallion_assets.cli.project import PROJECT
from medallion_assets_tests.browser.asset_page import open_asset, row_count
from medallion_assets_tests.browser.bad_prices import (
    land_bad_prices,
    open_failing_rows,
    release_prices,
)
from medallion_assets_tests.browser.chromium import NO_CHROMIUM, chromium, opened_page
from medallion_assets_tests.browser.dagster_ui import Home, running_ui
from medallion_assets_tests.browser.lineage_graph import (
    COMPACT,
    drawn_assets,
    fit,
    hide_sidebar,
    open_lineage,
    wait_for_status,
)

IMAGES = PROJECT / "docs" / "images"
LINEAGE_SCREEN = ViewportSize(width=1280, height=1400)
ASSET_SCREEN = ViewportSize(width=1440, height=1290)
SCALE = 1.5


def main() -> int:
    """Write the pictures and say where they are."""
    parser = argparse.ArgumentParser(description="Take the README's screenshots.")
    parser.add_argument(
        "directory", type=Path, nargs="?", default=IMAGES, help="default: %(default)s"
    )
    directory: Path = parser.parse_args().directory
    if chromium() is None:
        print(NO_CHROMIUM.replace("make test", "make screenshots"), file=sys.stderr)
        return 1
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="screenshots-") as root:
        home = Home(Path(root))
        print("Materializing the sample, which takes a minute or two", flush=True)
        home.medallion("run")
        print("Starting the UI", flush=True)
        with running_ui(home) as url:
            for name, screen, take in (
                ("lineage.png", LINEAGE_SCREEN, take_lineage),
                ("gold.png", ASSET_SCREEN, take_gold),
            ):
                with opened_page(url, screen=screen, scale=SCALE, settings=COMPACT) as page:
                    take(page)
                    take_picture(page, directory / name)
            with opened_page(url, screen=ASSET_SCREEN, scale=SCALE) as page:
                take_bad_prices(home, page, directory)
    return 0


def take_picture(page: Page, picture: Path) -> None:
    """Write what is seen once nothing moves any more, and say where and how large it is."""
    page.screenshot(path=picture, animations="disabled")
    print(f"{picture}  {picture.stat().st_size:,} bytes", flush=True)


def take_bad_prices(home: Home, page: Page, directory: Path) -> None:
    """Show a run that a bad file has stopped, the rows it is stopped for, and the mended table."""
    land_bad_prices(home, page)
    # Without the stack traces, which tell of the machine.
    page.get_by_placeholder("Filter…").last.fill("Dependencies")
    expect(page.get_by_text("RUN_FAILURE")).to_have_count(0)
    take_picture(page, directory / "blocked.png")
    open_failing_rows(page)
    take_picture(page, directory / "failing_rows.png")
    release_prices(home, page)
    take_picture(page, directory / "released.png")


def take_lineage(page: Page) -> None:
    """Show the whole graph, every asset with its status."""
    open_lineage(page)
    # Also waits for the sensors' first look at the landing directories.
    wait_for_status(page, len(drawn_assets(page)))
    hide_sidebar(page)
    fit(page)


def take_gold(page: Page) -> None:
    """Show a gold table with its columns, metadata and preview."""
    open_asset(page, "gold/daily_revenue")
    expect(row_count(page)).to_be_visible()
    expect(page.get_by_text("preview", exact=True)).to_be_visible()
    page.mouse.move(0, 0)


if __name__ == "__main__":
    sys.exit(main())
