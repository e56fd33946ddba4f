from __future__ import annotations

import pytest

from medallion_assets.orchestration.markdown import LONGEST_CELL, cell, file_name, markdown_table


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (7, "7"),
        ("a|b", "a\\|b"),
        ("two\nlines\r\nand more", "two lines and more"),
        ("<script>", "\\<script\\>"),
        ("back\\slash", "back\\\\slash"),
        ("_rescued_data", "\\_rescued\\_data"),
        ('{"ü": 1}'.encode(), '{"ü": 1}'),
        (b"\xff\x00", "\\\\xff\x00"),
    ],
)
def test_any_value_stays_in_its_cell(value: object, text: str) -> None:
    assert cell(value) == text


def test_a_long_value_is_cut_before_it_is_escaped() -> None:
    text = cell("|" * 1000)
    assert text == "\\|" * (LONGEST_CELL - 1) + "…"


def test_a_table_has_as_many_columns_as_its_header() -> None:
    assert markdown_table(("a", "b"), [(1, "x|y")]) == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"


def test_of_a_long_path_the_name_is_kept() -> None:
    assert file_name("/landing/1.json") == "/landing/1.json"
    path = file_name("/landing" * 20 + "/orders-0001.json")
    assert path.startswith("…")
    assert path.endswith("/orders-0001.json")
    assert cell(path) == path
