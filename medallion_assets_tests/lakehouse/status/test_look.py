"""What a status says is what was done, and looking changes nothing."""

from __future__ import annotations

import socket
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status import TableStatus, Unread, look
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import (
    BronzeTable,
    KafkaTopics,
    Layer,
    SilverTable,
    Table,
    Watermark,
)
from medallion_assets_tests.lakehouse.autoloader.landed import PAST
from medallion_assets_tests.lakehouse.delta_rows import append, commits, raw, run
from medallion_assets_tests.lakehouse.status.house import (
    bronze_sales,
    bronze_towns,
    house,
    land_rows,
    sales,
    towns,
    turnover,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def status(lake: Lake) -> dict[str, TableStatus]:
    return {one.name: one for one in look(house.tables, lake)}


def behind(of: TableStatus) -> dict[str, int]:
    return {other.table: other.behind for other in of.unread}


def files(directory: Path) -> dict[Path, tuple[int, int]]:
    """Every file and directory below, with size and time."""
    seen = {path: path.stat() for path in directory.rglob("*")}
    return {path: (now.st_size, now.st_mtime_ns) for path, now in seen.items()}


def test_nothing_is_made_where_nothing_is(lake: Lake) -> None:
    found = status(lake)
    assert list(found) == [table.full_name for table in house.tables]
    assert {one.stored for one in found.values()} == {None}
    assert {one.errors for one in found.values()} == {()}
    assert behind(found["silver.sales"]) == {"bronze.sales": 0, "silver.towns": 0}
    backlog = found["bronze.sales"].backlog
    assert backlog is not None
    assert (backlog.files, backlog.bytes, backlog.oldest_seconds) == (0, 0, None)
    assert not lake.root.exists()
    assert not lake.landing.exists()


def test_a_status_follows_rows_from_the_landing_directory_to_gold(
    lake: Lake, spark: SparkSession
) -> None:
    land_rows(lake, "towns/1.json", {"town": "Ulm", "country": "DE", "seq": 1})
    first = land_rows(lake, "sales/1.json", {"id": 1, "town": "Ulm", "amount": 5, "seq": 1})
    second = land_rows(lake, "sales/2.json", {"id": 2, "amount": -1, "seq": 1}, age=1000)
    backlog = status(lake)["bronze.sales"].backlog
    assert backlog is not None
    assert (backlog.files, backlog.events, backlog.complete) == (2, None, True)
    assert backlog.bytes == first.stat().st_size + second.stat().st_size
    assert backlog.oldest_seconds == pytest.approx(time.time() - PAST, abs=60)

    taken = [run(table, lake) for table in (bronze_towns, bronze_sales)]
    assert [one.rows.written for one in taken] == [1, 2]
    found = status(lake)
    backlog = found["bronze.sales"].backlog
    assert backlog is not None
    assert (backlog.waiting, backlog.bytes, backlog.oldest_seconds) == (0, 0, None)
    stored = found["bronze.sales"].stored
    assert stored is not None
    assert stored.version == lake.log(bronze_sales).version()
    assert stored.rows == 2
    assert behind(found["silver.sales"]) == {"bronze.sales": 1, "silver.towns": 0}
    assert found["silver.sales"].behind_since == stored.written_at
    assert found["silver.sales"].quarantine_rows == 0

    for table in (sales, towns, turnover):
        run(table, lake)
    found = status(lake)
    assert found["silver.sales"].quarantine_rows == 1
    assert found["silver.towns"].quarantine_rows is None
    # The towns came after the sales had looked them up.
    assert behind(found["silver.sales"]) == {"bronze.sales": 0, "silver.towns": 1}
    for table in (sales, turnover):
        run(table, lake)
    before = files(lake.root)
    found = status(lake)
    assert {one.versions_behind for one in found.values()} == {0}
    assert {one.behind_since for one in found.values()} == {None}
    assert files(lake.root) == before

    check_what_a_run_leaves(lake)


def check_what_a_run_leaves(lake: Lake) -> None:
    """A file that can't be read, and versions that gold has not seen."""
    for number in (3, 4):
        land_rows(lake, f"sales/{number}.json", {"id": number, "amount": 7, "seq": 1})
        run(bronze_sales, lake)
        run(sales, lake)
    (lake.landing / "sales" / "gone.json").symlink_to(lake.landing / "nowhere")
    found = status(lake)
    backlog = found["bronze.sales"].backlog
    assert backlog is not None
    assert (backlog.files, backlog.failed_files) == (0, 1)
    newest = commits(lake, sales)
    assert found["gold.turnover"].unread == (
        Unread("silver.sales", newest, newest - 2, since=lake.log(sales).committed_at(newest - 1)),
    )
    assert found["gold.turnover"].versions_behind == 2


def test_a_table_that_was_made_anew_is_wholly_unread(lake: Lake) -> None:
    fields = {"id": pa.int64()}
    for _ in range(2):
        append(lake.path(sales), [{"id": 1}], fields)
    version = lake.log(sales).version()
    assert version is not None
    Checkpoint(lake.stream_directory(turnover)).record_consumed({"sales": version})
    assert behind(status(lake)["gold.turnover"]) == {"silver.sales": 0}
    for path in sorted(lake.path(sales).rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    append(lake.path(sales), [{"id": 1}], fields)
    (unread,) = status(lake)["gold.turnover"].unread
    assert (unread.version, unread.read, unread.behind) == (0, None, 1)


def test_what_a_run_reads_meanwhile_is_not_taken_for_unread() -> None:
    assert Unread("silver.sales", version=3, read=5).behind == 0
    assert Unread("silver.sales", version=None, read=None).behind == 0
    assert Unread("silver.sales", version=3, read=None).behind == 4


def test_a_log_that_can_not_be_read_is_that_tables_error_alone(lake: Lake) -> None:
    append(lake.path(sales), [{"id": 1}], {"id": pa.int64()})
    (lake.path(sales) / "_delta_log" / f"{0:020d}.json").write_text("{ no log")
    found = status(lake)
    assert found["silver.sales"].stored is None
    assert found["silver.sales"].errors
    # It reads that table.
    assert found["gold.turnover"].errors
    assert {name for name, one in found.items() if one.errors} == {"silver.sales", "gold.turnover"}


def test_a_broker_that_does_not_answer_is_an_error_of_its_table(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("medallion_assets.lakehouse.kafka.broker.ANSWER_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    cluster = KafkaCluster(bootstrap_servers=f"127.0.0.1:{port}")
    away = BronzeTable(
        name="away", source=KafkaTopics(name="away", cluster=cluster, subscribe=("away",))
    )
    append(lake.path(away), [{"offset": 1}], {"offset": pa.int64()})
    one, other = look([away, bronze_sales], lake)
    (error,) = one.errors
    assert "does not answer" in error
    assert one.backlog is None
    assert one.stored is not None
    assert one.stored.rows == 1
    assert other.errors == ()


def test_a_table_with_watermarks_tells_event_time_and_late_rows(lake: Lake) -> None:
    visits, orders = raw("visits"), raw("orders")
    table: Table = SilverTable(
        name="bought",
        source=visits,
        transform=lambda rows, orders: rows.join(orders, "id"),
        joins={"orders": orders},
        watermarks={
            "visits": Watermark(event_time="at", delay="1 hour"),
            "orders": Watermark(event_time="at", delay="1 hour"),
        },
    )
    assert isinstance(table, SilverTable)
    (one,) = look([table], lake)
    assert (one.layer, one.data_as_of, one.late_rows) == (Layer.SILVER, None, 0)
    checkpoint = Checkpoint(lake.stream_directory(table))
    checkpoint.record_event_times({"visits": 3_000, "orders": 2_000})
    append(lake.late_path(table), [{"row": "{}"}, {"row": "{}"}], {"row": pa.string()})
    (one,) = look([table], lake)
    assert one.late_rows == 2
    assert one.data_as_of == datetime.fromtimestamp(2, timezone.utc)
