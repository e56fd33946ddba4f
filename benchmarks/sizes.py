"""How much is measured: enough to be true, or little enough to be quick."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """The sizes of all workloads.

    Attributes:
        runs: of every variant; the median counts.
        seen: files seen before the increment; the first is what the others are compared with.
        peers_seen: the same for the comparison with peers.
        seen_rows: rows in those files together, whatever their number.
        new_files: files of the increment.
        rows_per_file: rows in each of them.
        load_rows: orders of the first load.
        load_files: files they land in.
        small_files: one-row files of the other first load.
        gold_rows: orders under the gold table whose groups change.
        table_rows: orders in the tables that grow.
        tpch_scale: TPC-H's scale factor.
        tpch_parts: parts that its tables land in; the last is the increment.
        nexmark_events: people, auctions and bids together.
        nexmark_files: files of each of the three streams; the last is the increment.
    """

    runs: int
    seen: tuple[int, ...]
    peers_seen: tuple[int, ...]
    seen_rows: int
    new_files: int
    rows_per_file: int
    load_rows: int
    load_files: int
    small_files: int
    gold_rows: int
    table_rows: tuple[int, ...]
    tpch_scale: float
    tpch_parts: int
    nexmark_events: int
    nexmark_files: int


SMOKE = Sizes(
    runs=1, seen=(20, 200), peers_seen=(20,), seen_rows=2_000, new_files=3, rows_per_file=100,
    load_rows=5_000, load_files=5, small_files=100, gold_rows=10_000, table_rows=(1_000, 10_000),
    tpch_scale=0.001, tpch_parts=3, nexmark_events=3_000, nexmark_files=3,
)  # fmt: skip
"""Shows that everything runs; the numbers mean nothing."""

QUICK = Sizes(
    runs=3, seen=(1_000, 100_000), peers_seen=(100,), seen_rows=100_000, new_files=10,
    rows_per_file=1_000, load_rows=500_000, load_files=20, small_files=10_000, gold_rows=1_000_000,
    table_rows=(100_000, 1_000_000),
    tpch_scale=0.1, tpch_parts=20, nexmark_events=500_000, nexmark_files=20,
)  # fmt: skip

FULL = Sizes(
    runs=5, seen=(1_000, 100_000, 1_000_000),
    peers_seen=(100, 1_000, 100_000, 1_000_000), seen_rows=1_000_000, new_files=10,
    rows_per_file=1_000, load_rows=10_000_000, load_files=100, small_files=100_000,
    gold_rows=10_000_000, table_rows=(100_000, 1_000_000, 10_000_000),
    tpch_scale=1.0, tpch_parts=100, nexmark_events=10_000_000, nexmark_files=100,
)  # fmt: skip
