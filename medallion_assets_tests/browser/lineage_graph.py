"""The page with the lineage of all assets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from playwright.sync_api import FloatRect, Page, ViewportSize, expect

LAYERS = ("landing", "bronze", "silver", "gold")

# Small nodes and no navigation: the whole graph fits on one page. It draws no node that is off it.
COMPACT: Mapping[str, object] = {
    "asset-node-facets": ["status"],
    "dagster-nav-collapsed": True,
}
TALL = ViewportSize(width=1420, height=1420)

_SPACE = "[data-svg-viewport]"
_BOXES = f"{_SPACE} foreignObject"
_BOXES_SEEN = """boxes => boxes.map(box => {
    const {x, y, width, height} = box.getBoundingClientRect()
    return [box.firstElementChild?.innerText.trim() ?? "", x, y, width, height]
})"""
# Near a corner of the graph's space, where there is nothing but background.
_GRIP = 12
_ZOOM_MILLISECONDS = 1000
_MOST_STEPS = 5


@dataclass(frozen=True)
class Box:
    """A box of the graph: a node, or a group around nodes.

    Attributes:
        name: what is written in it.
        x: its left edge on the page.
        y: its upper edge.
        width: to its right edge.
        height: to its lower edge.
    """

    name: str
    x: float
    y: float
    width: float
    height: float

    def holds(self, other: Box) -> bool:
        """Whether the other box is drawn inside this one."""
        x, y = other.x + other.width / 2, other.y + other.height / 2
        return (
            self.width * self.height > other.width * other.height
            and self.x <= x <= self.x + self.width
            and self.y <= y <= self.y + self.height
        )


def open_lineage(page: Page) -> None:
    """Open the graph with every group unfolded, and wait until it is drawn."""
    unfolded = ",".join(f"global@global:{layer}" for layer in LAYERS)
    page.goto(f"/asset-groups?expanded={unfolded}")
    expect(page.get_by_text("Global asset lineage")).to_be_visible()
    expect(page.locator(_BOXES, has_text="daily_revenue")).to_be_visible(timeout=60_000)


def drawn_assets(page: Page) -> set[str]:
    """The assets that the graph shows, as `<group>/<name>`; long names as they are abbreviated."""
    boxes = _boxes(page)
    return {
        f"{group.name}/{node.name}"
        for group in boxes
        if group.name in LAYERS
        for node in boxes
        if group.holds(node) and node.name not in ("", group.name)
    }


def wait_for_status(page: Page, assets: int) -> None:
    """Wait until that many assets are drawn as materialized."""
    materialized = page.locator(f"{_BOXES} [style*='accent-green']")
    expect(materialized).to_have_count(assets, timeout=90_000)


def hide_sidebar(page: Page) -> None:
    """Close the list of the groups beside the graph."""
    page.get_by_role("button", name="panel_show_right").first.click()
    expect(page.get_by_placeholder("Jump to…")).to_have_count(0)


def fit(page: Page) -> None:
    """Make the graph smaller, a step each time, until all of it is seen in the middle."""
    center(page)
    for _ in range(_MOST_STEPS):
        if _fits(page):
            return
        page.get_by_role("button", name="zoom_out").click()
        center(page)
    assert _fits(page), "the graph does not fit on the page"


def center(page: Page) -> None:
    """Drag the graph to the middle of the space it has."""
    page.wait_for_timeout(_ZOOM_MILLISECONDS)
    space = _space(page)
    left, right, top, bottom = _extent(page)
    x, y = space["x"] + _GRIP, space["y"] + space["height"] - _GRIP
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(
        x + space["x"] + space["width"] / 2 - (left + right) / 2,
        y + space["y"] + space["height"] / 2 - (top + bottom) / 2,
        steps=5,
    )
    page.mouse.up()
    page.wait_for_timeout(_ZOOM_MILLISECONDS)


def _space(page: Page) -> FloatRect:
    """Where the graph is drawn."""
    space = page.locator(_SPACE).first.bounding_box()
    assert space is not None, "the graph is not drawn"
    return space


def _fits(page: Page) -> bool:
    space = _space(page)
    left, right, top, bottom = _extent(page)
    across = space["x"] <= left and right <= space["x"] + space["width"]
    return across and space["y"] <= top and bottom <= space["y"] + space["height"]


def _extent(page: Page) -> tuple[float, float, float, float]:
    """Left, right, upper and lower edge of what is drawn."""
    boxes = _boxes(page)
    left, right = min(box.x for box in boxes), max(box.x + box.width for box in boxes)
    top, bottom = min(box.y for box in boxes), max(box.y + box.height for box in boxes)
    return left, right, top, bottom


def _boxes(page: Page) -> list[Box]:
    return [Box(*seen) for seen in page.locator(_BOXES).evaluate_all(_BOXES_SEEN)]
