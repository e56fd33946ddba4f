"""Every table of the shop, row by row and column by column, after each batch of the sample."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from medallion_assets.shop.generator import CustomerFeatures
from medallion_assets_tests.lakehouse.delta_rows import Row
from medallion_assets_tests.pipeline.undisturbed import BATCHES, TABLES, Undisturbed

FEEDS = {
    "orders": "order_id",
    "customers": "customer_id",
    "products": "product_id",
    "clicks": "click_id",
    "shipments": "shipment_id",
}
"""Feed to the key of its silver table."""

each_batch = pytest.mark.parametrize("batch", BATCHES)
each_feed = pytest.mark.parametrize("feed", FEEDS)


def by_key(found: list[Row], *keys: str) -> dict[Any, Row]:
    """The rows by their key, which is there once."""
    keyed = {tuple(row[key] for key in keys): row for row in found}
    assert len(keyed) == len(found), "a key is there twice"
    return {key[0] if len(keys) == 1 else key: row for key, row in keyed.items()}


@each_batch
@each_feed
def test_silver_holds_the_truth(undisturbed: Undisturbed, batch: int, feed: str) -> None:
    step = undisturbed.steps[batch]
    expected: Mapping[Any, Mapping[str, Any]] = getattr(step.truth, feed)
    found = by_key(step.tables[f"silver.{feed}"], FEEDS[feed])
    assert found.keys() == expected.keys()
    assert len(expected) > 10
    for key, row in expected.items():
        # A column that has not come yet, such as channel, is null in the truth.
        assert {name: found[key].get(name) for name in row} == dict(row)
    if feed == "orders":
        assert all(row["order_date"] == row["ordered_at"].date() for row in found.values())
        assert any(row["channel"] for row in expected.values()) == ("channel" in {*found[key]})
    if feed == "clicks":
        assert all(row["day"] == row["clicked_at"].date() for row in found.values())


@each_batch
def test_gold_holds_the_truth(undisturbed: Undisturbed, batch: int) -> None:
    step = undisturbed.steps[batch]
    revenue = by_key(step.tables["gold.daily_revenue"], "order_date", "category")
    assert {
        key: (row["orders"], row["units"], row["revenue"]) for key, row in revenue.items()
    } == step.truth.daily_revenue
    value = by_key(step.tables["gold.customer_value"], "customer_id")
    assert {
        key: (row["orders"], row["revenue"], row["first_ordered_at"], row["last_ordered_at"])
        for key, row in value.items()
    } == step.truth.customer_value
    features = by_key(step.tables["gold.customer_features"], "customer_id")
    assert {
        key: CustomerFeatures(**{name: row[name] for name in CustomerFeatures._fields})
        for key, row in features.items()
    } == step.truth.customer_features
    conversion = by_key(step.tables["gold.click_conversion"], "day", "product_id")
    assert {
        key: (row["clicks"], row["orders"], row["orders_per_click"])
        for key, row in conversion.items()
    } == {
        key: (*groups, groups.orders / groups.clicks if groups.clicks else None)
        for key, groups in step.truth.click_conversion.items()
    }


@each_batch
@each_feed
def test_every_line_is_in_bronze_and_every_bad_one_in_quarantine(
    undisturbed: Undisturbed, batch: int, feed: str
) -> None:
    step = undisturbed.steps[batch]
    counts = step.truth.counts[feed]
    bronze = step.tables[f"bronze.{feed}"]
    assert len(bronze) == counts.lines
    # Products come by COPY INTO, whose columns are text: nothing is of a wrong type there.
    rescued = 0 if feed == "products" else counts.wrong_type
    assert sum(row.get("_rescued_data") is not None for row in bronze) == rescued
    assert sum(row["_corrupt_record"] is not None for row in bronze) == counts.malformed
    quarantined = step.tables.get(f"silver.{feed}_quarantine", [])
    assert len(quarantined) == counts.malformed + counts.quarantined
    parsed = [row for row in quarantined if "parsed" not in row["_broken_rules"]]
    assert len(quarantined) - len(parsed) == counts.malformed
    # A record without columns is not blamed for each of them.
    malformed = [row for row in quarantined if row not in parsed]
    assert all(row["_broken_rules"] == ["parsed"] for row in malformed)
    broken = Counter(rule for row in parsed for rule in row["_broken_rules"])
    assert broken == Counter({rule: n for rule, n in counts.invalid.items() if n})


@each_feed
def test_the_counts_of_the_runs_are_those_of_the_truth(undisturbed: Undisturbed, feed: str) -> None:
    read = quarantined = 0
    for step in undisturbed.steps.values():
        rows = step.done[f"silver.{feed}"].rows
        read += rows.read
        quarantined += rows.quarantined
        counts = step.truth.counts[feed]
        # Orders are read once more where a customer or product of theirs changed.
        assert read == counts.lines if feed != "orders" else read >= counts.lines
        assert quarantined == counts.malformed + counts.quarantined


@each_batch
@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_lost_and_a_run_with_nothing_new_changes_nothing(
    undisturbed: Undisturbed, batch: int, table: str
) -> None:
    step = undisturbed.steps[batch]
    assert step.done[table].rows.conserved, step.done[table].rows
    assert step.done[table].batches > 0
    # It was given no session: that it ended at all says that it started none.
    assert step.again[table].batches == 0
    before, after = step.versions
    assert before[table] == after[table] >= 0
