"""The three tables with Polars and delta-rs: no JVM, one machine."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import TableNotFoundError

from benchmarks.peers.polars_deltalake.layers import gold, silver
from benchmarks.programs.stopwatch import Stopwatch, parser

_SCHEMA = {
    "order_id": pl.Int64,
    "customer_id": pl.Int64,
    "product": pl.String,
    "quantity": pl.Int32,
    "amount": pl.Float64,
    "status": pl.String,
    "ordered_at": pl.String,
    "updated_at": pl.String,
}


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
    """Append the files that the table has no row of."""
    path = lake / "bronze" / "orders"
    new = sorted({str(file) for file in landing.glob("*.json")} - _loaded(path))
    if not new:
        return
    write_deltalake(path, read_orders(new).collect(), mode="append")


def read_orders(files: list[str]) -> pl.LazyFrame:
    """The rows of NDJSON files, typed; Polars has no decimals in JSON."""
    moments = (
        pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us", time_zone="UTC")
        for name in ("ordered_at", "updated_at")
    )
    return pl.scan_ndjson(files, schema=_SCHEMA, include_file_paths="_file_path").with_columns(
        pl.col("amount").round(2).cast(pl.Decimal(12, 2)), *moments
    )


def _loaded(path: Path) -> set[str]:
    try:
        DeltaTable(path)
    except TableNotFoundError:
        return set()
    files = pl.scan_delta(str(path)).select(pl.col("_file_path").unique()).collect()
    return set(files.to_series().to_list())


if __name__ == "__main__":
    main()
