"""Gold after 1 % of the groups changed, and the same table computed in full, turn about."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from benchmarks.programs.stopwatch import Stopwatch, parser

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def main() -> None:
    """Change one day of a hundred, bring gold up to date, compute all of it, compare.

    The first turn warms the JVM up and is not counted.

    Raises:
        BenchmarkError: gold is not what the batch query gives.
    """
    arguments = parser(__doc__)
    arguments.add_argument("--orders", type=int, required=True)
    arguments.add_argument("--turns", type=int, required=True)
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import PROJECT
    from benchmarks.lakehouse import bronze_orders, gold_revenue, silver_orders
    from benchmarks.orders import Orders
    from medallion_assets.lakehouse.gold import batch_result
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.materialize import materialize
    from medallion_assets.lakehouse.session import start_spark

    watch.lap("imports")
    lake, spark = Lake.from_environment(PROJECT), start_spark()
    landing = lake.landing_path(bronze_orders.source)
    in_full = lake.root / "gold" / "revenue_in_full"
    changed, full, groups = [], [], 0
    watch.lap("session")
    for turn in range(told.turns + 1):
        Orders(told.orders).land_day(landing, day=10 + 7 * turn, change=turn + 1)
        for table in (bronze_orders, silver_orders):
            materialize(table, lake, start_spark)
        watch.lap("other")
        groups = materialize(gold_revenue, lake, start_spark).rows.written
        changed.append(watch.lap("changed_groups"))
        batch_result(gold_revenue, lake, spark).write.format("delta").mode("overwrite").save(
            str(in_full)
        )
        full.append(watch.lap("in_full"))
        _compare(spark, lake.path(gold_revenue), in_full)
    watch.lap("other")
    watch.facts |= {
        "groups": groups,
        "changed_groups_seconds": median(changed[1:]),
        "in_full_seconds": median(full[1:]),
    }
    watch.tell()


def _compare(spark: SparkSession, one: Path, other: Path) -> None:
    from benchmarks.errors import BenchmarkError

    frames = [spark.read.format("delta").load(str(path)) for path in (one, other)]
    same = [frame.select("order_date", "product", "orders", "units", "revenue") for frame in frames]
    if same[0].exceptAll(same[1]).count() or same[1].exceptAll(same[0]).count():
        raise BenchmarkError(f"{one} is not what the batch query gives")


if __name__ == "__main__":
    main()
