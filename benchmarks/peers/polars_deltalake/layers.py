"""Silver and gold with Polars over Delta tables; where bronze comes from is no matter."""

from __future__ import annotations

from pathlib import Path

import polars as pl
from deltalake import CommitProperties, DeltaTable, Transaction, write_deltalake
from deltalake.exceptions import TableNotFoundError

_BATCH = "bronze version"
"""The id under which a table's log says up to which version of bronze it was filled."""

_COLUMNS = (
    *("order_id", "customer_id", "product", "quantity", "amount", "status"),
    *("ordered_at", "updated_at"),
)
_GOOD = pl.col("order_id").is_not_null() & (pl.col("amount") >= 0)


def silver(lake: Path) -> None:
    """Merge the rows that are new in bronze by key, and set the bad ones aside."""
    bronze = DeltaTable(lake / "bronze" / "orders")
    version = bronze.version()
    path, quarantine = lake / "silver" / "orders", lake / "silver" / "orders_quarantine"
    # The quarantine is written first: silver's own log then says that both are done.
    last = _filled_to(path)
    if last == version:
        return
    rows = pl.read_parquet(_files_since(bronze, last)).select(
        *_COLUMNS, pl.col("ordered_at").dt.date().alias("order_date")
    )
    good = _GOOD.fill_null(value=False)
    if _filled_to(quarantine) != version:
        write_deltalake(
            quarantine, rows.filter(~good), mode="append", commit_properties=_filled(version)
        )
    newest = rows.filter(good).sort("updated_at").unique("order_id", keep="last")
    if last is None:
        write_deltalake(path, newest, commit_properties=_filled(version))
    else:
        (
            DeltaTable(path)
            .merge(
                newest, "t.order_id = s.order_id", source_alias="s", target_alias="t",
                commit_properties=_filled(version),
            )
            .when_matched_update_all("s.updated_at > t.updated_at")
            .when_not_matched_insert_all()
            .execute()
        )  # fmt: skip


def gold(lake: Path) -> None:
    """Compute the aggregate again: three columns of silver are read in no time."""
    revenue = (
        pl.scan_delta(str(lake / "silver" / "orders"))
        .group_by("order_date", "product")
        .agg(
            pl.len().cast(pl.Int64).alias("orders"),
            pl.col("quantity").cast(pl.Int64).sum().alias("units"),
            pl.col("amount").sum().alias("revenue"),
        )
        .collect()
    )
    write_deltalake(lake / "gold" / "revenue", revenue, mode="overwrite")


def _filled(version: int) -> CommitProperties:
    return CommitProperties(app_transactions=[Transaction(_BATCH, version)])


def _filled_to(path: Path) -> int | None:
    try:
        return DeltaTable(path).transaction_version(_BATCH)
    except TableNotFoundError:
        return None


def _files_since(table: DeltaTable, version: int | None) -> list[str]:
    """The files that were added to a table to which rows are only ever appended."""
    now = table.file_uris()
    if version is None:
        return now
    before = set(DeltaTable(table.table_uri, version=version).file_uris())
    return [file for file in now if file not in before]
