"""Which runs take little, and so share a quick JVM, is known before one is started."""

from __future__ import annotations

import pytest

from medallion_assets.lakehouse.autoloader.discovery import LandedFile
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.session import SMALL_BYTES
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets.orchestration.table_step import takes_little
from medallion_assets_tests.lakehouse.delta_rows import raw

orders = raw("orders")


@pytest.mark.parametrize("size", [1, SMALL_BYTES // 2, SMALL_BYTES])
def test_what_was_discovered_and_not_taken_decides(lake: Lake, size: int) -> None:
    assert takes_little(orders, lake)
    ledger = FileLedger(ledger_directory(lake.stream_directory(orders)))
    ledger.create()
    files = [LandedFile(f"/landing/{number}.json", size, 0) for number in range(2)]
    ledger.discovered([files])
    assert takes_little(orders, lake) is (2 * size <= SMALL_BYTES)
    ledger.committed(0, 1)
    assert takes_little(orders, lake)


def test_other_tables_take_little(lake: Lake) -> None:
    silver = SilverTable(name="orders", source=orders, transform=lambda rows: rows)
    assert takes_little(silver, lake)
