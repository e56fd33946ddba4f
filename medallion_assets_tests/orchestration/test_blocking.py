"""A failed blocking check stops gold in the run of a source; recovery lets it go on, whole.

The check of one's own and the commands are those of `docs/automation.md`, as they are printed.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from medallion_assets import cli
from medallion_assets.lakehouse.gold import batch_result
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import Action
from medallion_assets.lakehouse.session import start_spark
from medallion_assets.lakehouse.tables import GoldTable, Lakehouse
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.autoloader import landed
from medallion_assets_tests.lakehouse.delta_rows import in_order, rows
from medallion_assets_tests.orchestration.small_lakehouse import (
    bronze_customers,
    gold_revenue,
    silver_orders,
    small_lakehouse,
)

PAGE = "docs/automation.md"
WRITTEN = {"bronze/orders", "silver/orders", "silver/orders_quarantine"}


@dataclass(frozen=True)
class Orders:
    """Runs over one lake, which every test leaves with nothing blocked."""

    root: Path
    instance: dg.DagsterInstance

    @property
    def lake(self) -> Lake:
        return Lake(self.root / "lake", self.root / "landing")

    def land(self, name: str, *found: dict[str, Any], source: str = "orders") -> None:
        lines = "".join(json.dumps(row) + "\n" for row in found)
        landed.land(self.lake.landing / source / name, lines)

    def run(
        self, job: str = "orders_job", lakehouse: Lakehouse = small_lakehouse
    ) -> dg.ExecuteInProcessResult:
        own: dict[str, Any] = {}
        (code,) = blocks(PAGE, "python")
        exec(compile(code, PAGE, "exec"), own)
        definitions = dg.Definitions.merge(
            build_definitions(lakehouse, lake=LakeResource.of(self.lake)), own["own_checks"]
        )
        return definitions.resolve_job_def(job).execute_in_process(
            instance=self.instance, raise_on_error=False
        )

    def revenue(self) -> float:
        """Gold's, which is that of the batch query over all of silver."""
        gold = in_order(rows(self.lake.path(gold_revenue)))
        whole = batch_result(gold_revenue, self.lake, start_spark()).collect()
        assert gold == in_order(row.asDict() for row in whole)
        return float(gold[0]["revenue"])


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory, spark: object) -> Iterator[Orders]:
    with dg.DagsterInstance.ephemeral() as instance:
        found = Orders(tmp_path_factory.mktemp("blocking"), instance)
        found.land("1.json", {"customer_id": 1, "country": "NL", "seq": 1}, source="customers")
        found.land("1.json", order(1))
        assert found.run("lakehouse_job").success
        yield found


def order(number: int | None, amount: float = 10.0, seq: int = 1) -> dict[str, Any]:
    return {"order_id": number, "customer_id": 1, "amount": amount, "seq": seq}


def written(result: dg.ExecuteInProcessResult) -> set[str]:
    return {
        event.materialization.asset_key.to_user_string()
        for event in result.all_events
        if event.is_step_materialization
    }


def failed(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckSeverity]:
    return {
        check.check_name: check.severity
        for check in result.get_asset_check_evaluations()
        if not check.passed and check.blocking
    }


def test_a_check_of_ones_own_stops_gold_and_gold_has_everything_when_it_passes(
    orders: Orders,
) -> None:
    before = orders.revenue()
    version = orders.lake.log(gold_revenue).version()
    orders.land("dear.json", order(2, 50_000.0))
    blocked = orders.run()
    assert not blocked.success
    assert failed(blocked) == {"no_order_is_too_dear": dg.AssetCheckSeverity.ERROR}
    assert written(blocked) == WRITTEN
    assert orders.lake.log(gold_revenue).version() == version

    orders.land("corrected.json", order(2, 5.0, seq=2), order(3))
    recovered = orders.run()
    assert recovered.success
    assert written(recovered) == {*WRITTEN, "gold/revenue"}
    assert orders.revenue() == before + 5.0 + 10.0


def test_the_commands_of_the_page_bring_back_a_mended_file(
    orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = orders.revenue()
    orders.land("3.json", order(None), order(21))
    assert not orders.run().success
    orders.land("3.json", order(22), order(21))
    monkeypatch.setattr("medallion_assets.shop.lakehouse", small_lakehouse)
    monkeypatch.setenv("MEDALLION_LAKE", str(orders.lake.root))
    monkeypatch.setenv("MEDALLION_LANDING", str(orders.lake.landing))
    for command in map(shlex.split, blocks(PAGE, "sh")[1].splitlines()):
        if command[0] == "make":
            result = orders.run("lakehouse_job")
            assert "bronze/orders" in written(result)
            assert not result.success, "the run still ends at silver"
        else:
            assert cli.main(command[1:]) == 0
    assert orders.run().success, "the refusal is over: nothing is repeated of it"
    assert orders.revenue() == before + 2 * 10.0


# The last one: bronze keeps the row, which a rebuild under the rule as it was would refuse.
def test_a_refused_micro_batch_is_taken_whole_when_the_rule_is_mended(orders: Orders) -> None:
    before = orders.revenue()
    orders.land("nameless.json", order(None), order(11))
    blocked = orders.run()
    assert not blocked.success
    assert failed(blocked) == {"has_key": dg.AssetCheckSeverity.ERROR}
    assert written(blocked) == {"bronze/orders"}

    orders.land("next.json", order(12))
    mended = replace(
        silver_orders,
        expectations=tuple(
            replace(rule, action=Action.QUARANTINE) if rule.name == "has_key" else rule
            for rule in silver_orders.expectations
        ),
    )
    gold: GoldTable = replace(gold_revenue, sources={"orders": mended})
    assert orders.run(lakehouse=Lakehouse.from_tables([gold, bronze_customers])).success
    assert len(rows(orders.lake.quarantine_path(mended))) == 1
    assert orders.revenue() == before + 2 * 10.0
