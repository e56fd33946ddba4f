"""Rules as declared, without Spark."""

from __future__ import annotations

import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.quality.expectations import (
    Action,
    Expectation,
    ExpectationCount,
    expect,
    expect_or_drop,
    expect_or_fail,
    expect_or_quarantine,
)
from medallion_assets.lakehouse.tables import OutputMode, SilverTable
from medallion_assets_tests.lakehouse.delta_rows import raw


@pytest.mark.parametrize(
    ("declare", "action"),
    [
        (expect, Action.WARN),
        (expect_or_quarantine, Action.QUARANTINE),
        (expect_or_drop, Action.DROP),
        (expect_or_fail, Action.FAIL),
    ],
)
def test_each_spelling_has_its_action(declare: type[Expectation], action: Action) -> None:
    assert declare("rule", "a > 0") == Expectation("rule", "a > 0", action)


@pytest.mark.parametrize(
    ("name", "condition", "message"),
    [("a rule", "a > 0", "Rename it"), ("", "a > 0", "Rename it"), ("rule", "  ", "no condition")],
)
def test_a_rule_that_cannot_work_is_refused(name: str, condition: str, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        expect(name, condition)


def test_counts_of_micro_batches_add_up() -> None:
    one, other = (ExpectationCount("rule", Action.WARN, *n) for n in ((1, 10), (2, 5)))
    assert one + other == ExpectationCount("rule", Action.WARN, 3, 15)


def test_two_rules_of_a_table_have_two_names() -> None:
    with pytest.raises(
        DeclarationError, match=r"silver\.orders: two expectations have the same name"
    ):
        SilverTable(
            name="orders",
            source=raw("orders"),
            transform=lambda rows: rows,
            expectations=(expect("rule", "a > 0"), expect("rule", "b > 0")),
        )


@pytest.mark.parametrize("mode", [OutputMode.UPDATE, OutputMode.COMPLETE])
def test_rules_are_refused_where_no_single_row_is_judged(mode: OutputMode) -> None:
    with pytest.raises(DeclarationError, match=r"silver\.totals: output mode .*expectations"):
        SilverTable(
            name="totals",
            source=raw("orders"),
            transform=lambda rows: rows.groupBy("id").count(),
            keys=("id",) if mode is OutputMode.UPDATE else (),
            expectations=(expect("rule", "count > 0"),),
            output_mode=mode,
        )
