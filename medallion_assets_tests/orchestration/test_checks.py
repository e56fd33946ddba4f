from __future__ import annotations

from datetime import datetime, timezone

import dagster as dg
import pytest

from medallion_assets.lakehouse.materialization import FailedFile, Files, Materialization
from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory
from medallion_assets.orchestration.checks import Past, check_results
from medallion_assets.orchestration.checks.names import FILES_FAILED
from medallion_assets.orchestration.keys import table_key
from medallion_assets_tests.orchestration.small_lakehouse import silver_orders

TABLE = BronzeTable(name="orders", source=LandingDirectory(name="orders", format="json"))
CLOSED = FailedFile("/landing/orders/closed", "the directory can't be listed: Permission denied")


@pytest.mark.parametrize(
    ("before", "failed", "passed"),
    [(True, (CLOSED,), False), (True, (), True), (False, (), False), (False, (CLOSED,), False)],
)
def test_a_run_with_nothing_new_repeats_a_check_unless_it_found_something_itself(
    before: bool, failed: tuple[FailedFile, ...], passed: bool
) -> None:
    last = dg.AssetCheckEvaluation(
        asset_key=table_key(TABLE), check_name=FILES_FAILED, passed=before, metadata={}
    )
    past = {FILES_FAILED: (Past(datetime.now(timezone.utc), last),)}
    outcome = Materialization(table=TABLE.full_name, files=Files(failed=failed))
    results = {r.check_name: r for r in check_results(TABLE, outcome, past=past)}
    assert results[FILES_FAILED].passed is passed
    if failed:
        assert "Permission denied" in str(results[FILES_FAILED].metadata["reasons"].value)


@pytest.mark.parametrize(("rule", "passed"), [("has_key", True), ("positive", False)])
def test_a_refusal_is_not_repeated_by_a_run_that_found_nothing_to_refuse(
    rule: str, passed: bool
) -> None:
    last = dg.AssetCheckEvaluation(
        asset_key=table_key(silver_orders), check_name=rule, passed=False, metadata={}
    )
    outcome = Materialization(table=silver_orders.full_name)
    past = {rule: (Past(datetime.now(timezone.utc), last),)}
    results = {r.check_name: r for r in check_results(silver_orders, outcome, past=past)}
    assert results[rule].passed is passed
