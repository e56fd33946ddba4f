"""The UI over a lake whose orders have come as far as bronze, and what it printed on a failure."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page

from medallion_assets.cli.project import SAMPLE
from medallion_assets.shop.generator import land_first
from medallion_assets_tests.browser.chromium import opened_page
from medallion_assets_tests.browser.dagster_ui import Home, running_ui
from medallion_assets_tests.browser.lineage_graph import COMPACT, TALL

# All of bronze, so that no sensor finds anything new at first, and what silver/orders looks up.
UPSTREAM_OF_ORDERS = 'group:bronze or key:"silver/customers*" or key:"silver/products*"'

_HOME = pytest.StashKey[Home]()
_SHOWN_LINES = 200


@dataclass(frozen=True)
class Ui:
    """The running UI.

    Attributes:
        home: its lake, landing directories and instance.
        page: the browser's page.
    """

    home: Home
    page: Page


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Ui]:
    home = Home(tmp_path_factory.mktemp("ui"))
    request.config.stash[_HOME] = home
    home.dagster.mkdir()
    land_first(SAMPLE, home.lake.landing)
    home.python(
        *("-m", "dagster", "asset", "materialize", "-m", "medallion_assets.definitions"),
        *("--select", UPSTREAM_OF_ORDERS),
    )
    with running_ui(home) as url, opened_page(url, screen=TALL, settings=COMPACT) as page:
        yield Ui(home, page)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    home = item.config.stash.get(_HOME, None)
    if report.failed and home is not None and _is_here(item) and home.log.exists():
        lines = home.log.read_text(errors="replace").splitlines()[-_SHOWN_LINES:]
        report.sections.append(("the servers and runs", "\n".join(lines)))
        used = getattr(item, "funcargs", {}).get("ui")
        if isinstance(used, Ui) and not used.page.is_closed():
            shown = used.page.locator("body").inner_text()
            report.sections.append((f"the page {used.page.url}", shown))
    return report


def _is_here(item: pytest.Item) -> bool:
    return Path(__file__).parent in item.path.parents
