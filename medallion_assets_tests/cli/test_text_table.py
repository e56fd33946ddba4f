from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal

from medallion_assets.cli.text_table import LONGEST_CELL, text_table


def test_numbers_stand_to_the_right_and_text_to_the_left() -> None:
    assert text_table(("table", "rows"), [("orders", 1234), ("x", 5)]).splitlines() == [
        "table    rows",
        "------  -----",
        "orders  1,234",
        "x           5",
    ]


def test_values_of_any_kind_stay_on_one_short_line() -> None:
    row = ("a\nb", None, 1.5, Decimal("2.25"), "x" * 1000)
    header, _, values = text_table(("a", "b", "c", "d", "e"), [row]).splitlines()
    assert values.split() == ["a", "b", "1.50", "2.25", "x" * (LONGEST_CELL - 1) + "…"]
    assert header.split() == ["a", "b", "c", "d", "e"]


def test_an_instant_is_spelled_to_the_second() -> None:
    instant = datetime(2026, 11, 1, 12, 8, 56, 123456, tzinfo=timezone.utc)
    assert text_table(("at",), [(instant,)]).splitlines()[-1] == "2026-11-01 12:08:56"


def test_a_table_without_rows_has_its_header() -> None:
    assert text_table(("a", "b"), []) == "a  b\n-  -"
