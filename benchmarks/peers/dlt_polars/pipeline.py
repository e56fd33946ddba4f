"""Bronze by dlt into a Delta table, silver and gold by Polars over it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import polars as pl
from dlt.sources.filesystem import FileItemDict, filesystem

from benchmarks.peers.polars_deltalake.layers import gold, silver
from benchmarks.peers.polars_deltalake.pipeline import read_orders
from benchmarks.programs.stopwatch import Stopwatch, parser


def main() -> None:
    """Run the three steps."""
    watch = Stopwatch.of(parser(__doc__).parse_args())
    lake, landing = Path(os.environ["MEDALLION_LAKE"]), Path(os.environ["MEDALLION_LANDING"])
    watch.lap("imports")
    bronze(lake, landing / "orders")
    watch.lap("bronze")
    silver(lake)
    watch.lap("silver")
    gold(lake)
    watch.lap("gold")
    watch.tell()


def bronze(lake: Path, landing: Path) -> None:
    """Append what dlt's own state says is new, by the files' times."""
    pipeline = dlt.pipeline(
        "orders",
        pipelines_dir=str(lake / "dlt"),
        destination=dlt.destinations.filesystem(bucket_url=str(lake)),
        dataset_name="bronze",
    )
    files = filesystem(
        bucket_url=str(landing),
        file_glob="*.json",
        incremental=dlt.sources.incremental("modification_date"),
    )
    rows = (files | read_files()).with_name("orders")
    pipeline.run(rows, table_format="delta", write_disposition="append")


@dlt.transformer  # type: ignore[untyped-decorator]
def read_files(items: list[FileItemDict]) -> Iterator[Any]:
    """Read a page of files at once and hand Arrow on, which dlt does not take apart by row."""
    paths = [item.local_file_path for item in items]
    yield read_orders(paths).collect().to_arrow(compat_level=pl.CompatLevel.oldest())


if __name__ == "__main__":
    main()
