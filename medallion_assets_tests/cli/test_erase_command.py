"""`medallion erase`: what it refuses before a session is started, and what it tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion_assets.cli import erase, main
from medallion_assets.lakehouse.erasure.found import Found
from medallion_assets.lakehouse.erasure.records import HeldState
from medallion_assets.lakehouse.erasure.report import Erased, Erasure


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("customer_id", "does not say whom to erase"),
        ("customer_id=", "does not say whom to erase"),
        ("order_number=1", "Declared are: customer_id."),
        ("customer_id=42", "is that the right lake?"),
    ],
)
def test_a_mistake_is_one_line_before_anything_is_touched(
    said: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    monkeypatch.setattr("medallion_assets.lakehouse.session.start_session", None)
    for command in (["erase", said], ["erase", said, "--dry-run"]):
        assert main(command) == 1
        (line,) = capsys.readouterr().err.splitlines()
        assert told in line
    assert not (tmp_path / "lake").exists()


def erasure(left: Found, *states: HeldState) -> Erasure:
    stores = (
        Erased("silver.orders", 3, 2, 9, left),
        Erased("gold.by_day", None, 1, 4, Found(None, 0, 0)),
    )
    return Erasure(("customer_id",), stores, (), states, ("A note.",), Path("record.json"))


def test_what_is_left_is_told_with_what_to_do() -> None:
    clean = Found(0, 0, old_files=0, rows_in_files=0)
    done = erasure(clean)
    assert done.nothing_left
    assert "Nothing is left by customer_id in 2 tables" in erase.report(done)
    assert "A note." in erase.report(done)
    for left in (Found(1, 0, 0, 0), Found(0, 0, 1, 0), Found(0, 0, 0, 1)):
        done = erasure(left)
        assert not done.nothing_left
        assert "Something is left in silver.orders: run the same" in erase.report(done)
    done = erasure(clean, HeldState("silver.orders", 0))
    assert not done.nothing_left
    assert "medallion rebuild silver/orders" in erase.report(done)
