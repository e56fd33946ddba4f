"""Debian's Chromium, headless, with one page open in the Dagster UI."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from playwright.sync_api import Page, ViewportSize, expect, sync_playwright

NO_CHROMIUM = "no Chromium: install Debian's chromium, then make test"
SCREEN = ViewportSize(width=1600, height=1000)

_ARGUMENTS = (
    # Containers rarely let Chromium make the namespaces of its sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # It is to talk to the server on the loopback interface, and to nobody else.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# What the browser remembers of a person who has been there before: the greeting, which asks for
# a newsletter subscription and lies over every page, was skipped.
_RETURNING = {"communityNux": "1"}
_WAIT_MILLISECONDS = 30_000


def chromium() -> str | None:
    """The path of the installed Chromium, None where there is none."""
    return shutil.which("chromium")


@contextmanager
def opened_page(
    url: str,
    *,
    screen: ViewportSize = SCREEN,
    scale: float = 1,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Page]:
    """A page of a new browser, which ends with the block.

    Args:
        url: the server; paths given to the page's `goto` are relative to it.
        screen: the size of the page.
        scale: device pixels a CSS pixel.
        settings: what the UI has stored in the browser, by key.

    Raises:
        FileNotFoundError: there is no Chromium.
    """
    path = chromium()
    if path is None:
        raise FileNotFoundError(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        try:
            page = browser.new_page(base_url=url, viewport=screen, device_scale_factor=scale)
            page.add_init_script(_storing({**_RETURNING, **(settings or {})}))
            page.set_default_timeout(_WAIT_MILLISECONDS)
            expect.set_options(timeout=_WAIT_MILLISECONDS)
            yield page
        finally:
            browser.close()


def _storing(settings: Mapping[str, object]) -> str:
    stored = {key: json.dumps(value) for key, value in settings.items()}
    return f"Object.assign(localStorage, {json.dumps(stored)});"
