"""A process that carries out COPY INTO statements, for tests that end it in the middle.

It reads a statement a line from standard input and says on standard output what became of it.
"""

from __future__ import annotations

import sys

from medallion_assets import copy_into, start_spark

DRIVER = "medallion_assets_tests.lakehouse.copy_into.driver"


def main() -> None:
    spark = start_spark(**{"spark.driver.memory": "512m"})
    print("session", flush=True)
    for line in sys.stdin:
        print("begin", flush=True)
        done = copy_into(spark, line)
        print("end", done.num_inserted_rows, flush=True)


if __name__ == "__main__":
    main()
