"""Two increments in one process: the first from nothing running, the second warm."""

from __future__ import annotations

from benchmarks.programs.growth_stream import ENGINES, GrowthStream, land
from benchmarks.programs.stopwatch import Stopwatch, parser


def main() -> None:
    """Take the increment that has landed, then land and take another."""
    arguments = parser(__doc__)
    arguments.add_argument("--engine", required=True, choices=ENGINES)
    arguments.add_argument("--files", required=True, type=int)
    arguments.add_argument("--rows", required=True, type=int)
    told = arguments.parse_args()
    watch = Stopwatch.of(told)

    from benchmarks.house import PROJECT
    from benchmarks.lakehouse import bronze_orders
    from medallion_assets.lakehouse.lake import Lake
    from medallion_assets.lakehouse.session import start_spark

    lake = Lake.from_environment(PROJECT)
    stream = GrowthStream(told.engine, lake.landing_path(bronze_orders.source), lake.root)
    watch.lap("imports")
    spark = start_spark()
    watch.lap("session")
    stream.run(spark)
    watch.lap("first")
    watch.facts["files_of_first"] = stream.files_of_last_batch()
    land(stream.landing, 2, told.files, told.rows)
    watch.lap("landing")
    stream.run(spark)
    watch.lap("second")
    watch.facts["files_of_second"] = stream.files_of_last_batch()
    watch.facts["rows"] = stream.rows()
    watch.tell()


if __name__ == "__main__":
    main()
