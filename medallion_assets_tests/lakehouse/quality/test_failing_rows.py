"""A few rows are shown for every rule, also where another rule is broken by thousands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.lakehouse.quality.failing_rows import EXAMPLES, failing_rows

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_a_rule_that_few_rows_break_is_shown_beside_one_that_all_break(
    spark: SparkSession,
) -> None:
    rows = spark.range(0, 5000, 1, 4).selectExpr("id", "concat('file ', id) as _file_path")
    rules = [("all", rows.id >= 0), ("few", rows.id >= 4998), ("one", rows.id == 17)]
    found = failing_rows(rows, rules, personal=False)
    assert [len(found[name]) for name, _ in rules] == [EXAMPLES, 2, 1]
    assert {(one.origin, one.row) for one in found["few"]} == {
        ("file 4998", '{"id":4998}'),
        ("file 4999", '{"id":4999}'),
    }
    assert all(one.row == "" for one in failing_rows(rows, rules, personal=True)["all"])
