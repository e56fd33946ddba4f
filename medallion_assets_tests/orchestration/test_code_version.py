from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.quality.expectations import expect
from medallion_assets.orchestration.code_version import code_version
from medallion_assets_tests.orchestration.small_lakehouse import (
    bronze_orders,
    gold_revenue,
    silver_orders,
)

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from medallion_assets.lakehouse.tables import Table


def other_transform(orders: DataFrame) -> DataFrame:
    return orders.dropDuplicates(["order_id"])


def test_the_same_declaration_has_the_same_version() -> None:
    assert code_version(silver_orders) == code_version(replace(silver_orders))


@pytest.mark.parametrize(
    "changed",
    [
        replace(silver_orders, transform=other_transform),
        replace(silver_orders, expectations=(expect("small", "amount < 10"),)),
        replace(silver_orders, apply_as_deletes="deleted"),
        replace(silver_orders, lookups=()),
    ],
    ids=["transform", "expectations", "apply_as_deletes", "lookups"],
)
def test_what_decides_rows_changes_the_version(changed: Table) -> None:
    assert code_version(changed) != code_version(silver_orders)


@pytest.mark.parametrize(
    "changed",
    [
        replace(silver_orders, description="Other words."),
        replace(silver_orders, owners=("team:other",)),
        replace(silver_orders, tags={"domain": "other"}),
        replace(silver_orders, column_descriptions={}),
        replace(silver_orders, data_subject={"customer_id": "customer_id"}),
    ],
    ids=["description", "owners", "tags", "column_descriptions", "data_subject"],
)
def test_what_describes_does_not(changed: Table) -> None:
    assert code_version(changed) == code_version(silver_orders)


def test_tables_do_not_share_a_version() -> None:
    versions = {code_version(table) for table in (bronze_orders, silver_orders, gold_revenue)}
    assert len(versions) == 3
