"""One writer a table, between real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from medallion_assets.lakehouse import locks
from medallion_assets.lakehouse.errors import TableLockedError, TransientError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import SilverTable
from medallion_assets_tests.lakehouse.delta_rows import no_session, raw, run

table = SilverTable(name="orders", source=raw("orders"), transform=lambda rows: rows)

HOLDER = """
import sys, time
from pathlib import Path
from medallion_assets.lakehouse import locks
with locks.hold(Path(sys.argv[1]), "silver.orders", "run 4711"):
    print("held", flush=True)
    time.sleep(120)
"""


@contextmanager
def other_process(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


@pytest.mark.process
def test_a_second_run_is_told_who_writes_and_a_killed_one_leaves_no_lock(lake: Lake) -> None:
    with other_process(lake.lock_path(table)) as holder:
        with pytest.raises(TableLockedError) as caught:
            run(table, lake, session=no_session, owner="run 4712")
        for part in ("silver.orders", "run 4711", f"process {holder.pid}"):
            assert part in str(caught.value)
        assert isinstance(caught.value, TransientError)
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()
        run(table, lake, session=no_session, owner="run 4713")


def test_a_waiting_run_gets_the_lock_when_the_other_ends(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "silver.orders.lock"
    held, release = threading.Event(), threading.Event()

    def hold() -> None:
        with locks.hold(path, "silver.orders", "the first"):
            held.set()
            release.wait(30)

    first = threading.Thread(target=hold)
    first.start()
    assert held.wait(30)
    with (
        pytest.raises(TableLockedError, match="the first"),
        locks.hold(path, "silver.orders", "the second", wait_seconds=0.2),
    ):
        pass
    threading.Timer(0.3, release.set).start()
    started = time.monotonic()
    with locks.hold(path, "silver.orders", "the second", wait_seconds=30):
        assert time.monotonic() - started < 20
    first.join()


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    path = tmp_path / "silver.orders.lock"
    with pytest.raises(ValueError, match="wrong"), locks.hold(path, "silver.orders", "the first"):
        raise ValueError("wrong")
    with locks.hold(path, "silver.orders", "the second"):
        pass


def test_two_tables_do_not_wait_for_each_other(lake: Lake) -> None:
    other = SilverTable(name="customers", source=raw("customers"), transform=lambda rows: rows)
    with (
        locks.hold(lake.lock_path(table), table.full_name, "one"),
        locks.hold(lake.lock_path(other), other.full_name, "other"),
    ):
        pass
