"""The commands of `docs/erasure.md` run as they are printed, over the tables it declares."""

from __future__ import annotations

import shlex

import pytest

from medallion_assets import cli
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import Lakehouse
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.autoloader.landed import PAST, land
from medallion_assets_tests.lakehouse.delta_rows import rows, run
from medallion_assets_tests.lakehouse.erasure.people import holding

_PAGE = "docs/erasure.md"
PAYMENTS = """{"payment_id": 1, "account_id": 42, "amount": 5}
{"payment_id": 2, "account_id": 7, "amount": 6}
{"payment_id": 3, "account_id": "42", "amount": 9}
{"payment_id": 4, "acc"""
RESCUED = 'account_id":"42"'


@pytest.mark.usefixtures("spark")
def test_the_commands_of_the_page(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (declarations,) = blocks(_PAGE, "python")
    looked, erased, rebuilt = (
        shlex.split(line)[1:] for block in blocks(_PAGE, "sh") for line in block.splitlines()
    )
    names: dict[str, Lakehouse] = {}
    exec(compile(declarations, _PAGE, "exec"), names)
    house = names["lakehouse"]
    monkeypatch.setattr("medallion_assets.shop.lakehouse", house)
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.root))
    monkeypatch.setenv("MEDALLION_LANDING", str(lake.landing))
    landing = lake.landing / "payments"
    file = land(landing / "1.json", PAYMENTS)
    for table in house.tables:
        run(table, lake)

    def told(command: list[str], code: int = 0) -> str:
        assert cli.main(command) == code
        output = capsys.readouterr()
        return output.out + output.err

    def accounts(name: str) -> list[int | None]:
        found = rows(lake.root / name, "account_id")
        return sorted((row["account_id"] for row in found), key=repr)

    assert "Nothing was changed." in told(looked)
    assert accounts("gold/balances") == [42, 7]
    assert {path.parts[0] for path in holding(lake.root, RESCUED)} == {"bronze", "silver"}
    report = told(erased)
    assert "Nothing is left by account_id" in report
    assert str(file) in report
    assert "1 rows do not say whose they are" in report
    for name in ("bronze/payments", "silver/payments", "silver/payments_quarantine"):
        assert 42 not in accounts(name)
    assert accounts("gold/balances") == [7]
    assert holding(lake.root, RESCUED) == set()
    kept = "\n".join(path.read_text() for path in lake.erasures.iterdir())
    assert '"nothing_left": true' in kept
    assert "42" not in kept.replace('"', " ").split()

    assert "--without" in told(rebuilt[:2], code=1)
    again = ["reprocess", "bronze/payments", "1.json"]
    assert "1 file holds rows of people" in told(again, code=1)
    assert "The rebuilt rows are the old ones." in told(rebuilt)
    assert accounts("bronze/payments") == [7, None]
    land(file, PAYMENTS.partition("\n")[2], PAST + 60)
    assert "1 file will be taken again" in told(again)
