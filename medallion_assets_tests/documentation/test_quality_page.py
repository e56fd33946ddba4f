"""The declarations and commands of `docs/quality.md`, as they are printed."""

from __future__ import annotations

import shlex
from typing import Any

import dagster as dg
import pytest
import yaml

from medallion_assets import cli
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.autoloader.landed import land
from medallion_assets_tests.lakehouse.delta_rows import rows

_PAGE = "docs/quality.md"
PAYMENTS = "".join(
    f'{{"payment_id": {key}, "amount": {amount}, "shop": "{shop}", "currency": "EUR", '
    f'"paid_at": "2026-03-01T00:00:0{key}"}}\n'
    for key, amount, shop in ((1, 5, "a"), (2, -7, "a"), (3, -1, "b"), (4, 9, "test"))
)


@pytest.mark.usefixtures("spark")
def test_the_page(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    (declarations,) = blocks(_PAGE, "python")
    looked, mended = (shlex.split(line)[1:] for line in blocks(_PAGE, "sh")[0].splitlines())
    (config,) = map(yaml.safe_load, blocks(_PAGE, "yaml"))
    names: dict[str, Any] = {}
    exec(compile(declarations, _PAGE, "exec"), names)
    house = names["lakehouse"]
    defs = build_definitions(house, lake=LakeResource.of(lake))
    # The definitions first: they are made of the shop when they are imported.
    monkeypatch.setattr("medallion_assets.definitions.defs", defs)
    monkeypatch.setattr("medallion_assets.shop.lakehouse", house)
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.root))
    monkeypatch.setenv("MEDALLION_LANDING", str(lake.landing))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    land(lake.landing / "payments" / "1.json", PAYMENTS)

    def told(command: list[str], code: int = 0) -> str:
        assert cli.main(command) == code
        output = capfd.readouterr()
        return output.out + output.err

    def gold() -> dict[str, int]:
        found = rows(lake.root / "gold" / "payments_by_shop")
        return {row["shop"]: row["amount"] for row in found}

    job = defs.resolve_job_def("lakehouse_job")
    instance = dg.DagsterInstance.ephemeral()
    blocked = job.execute_in_process(instance=instance, raise_on_error=False)
    assert not blocked.success
    assert not (lake.root / "gold").exists()

    assert "0 of 2 rows would go into silver.payments" in told(looked)
    assert "Nothing is left in the quarantine of silver.payments." in told(mended)
    assert gold() == {"a": 12, "b": 1}
    land(
        lake.landing / "payments" / "2.json", PAYMENTS.replace('"payment_id": ', '"payment_id": 1')
    )
    assert not job.execute_in_process(instance=instance, raise_on_error=False).success
    assert job.execute_in_process(instance=instance, run_config=config).success
    assert gold() == {"a": 24, "b": 2}
