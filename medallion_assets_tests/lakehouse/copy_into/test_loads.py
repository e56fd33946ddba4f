"""What was loaded and the rows agree: whatever a statement dies of, and whoever else is at it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark.sql import functions as F

from medallion_assets import copy_into
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.copy_into import copying
from medallion_assets.lakehouse.copy_into.loads import Load
from medallion_assets.lakehouse.errors import FilesBeingLoadedError, MisfitError
from medallion_assets_tests.lakehouse.copy_into.copied_table import CopiedTable
from medallion_assets_tests.lakehouse.test_bronze_faults import ProcessDiedError, dying

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

STEPS = [
    (FileLedger, "discovered"),
    (FileLedger, "attempted"),
    (FileLedger, "failed"),
    (copying.Copying, "_append"),
    (FileLedger, "committed"),
]


@pytest.fixture
def table(spark: SparkSession, tmp_path: Path) -> CopiedTable:
    return CopiedTable.make(spark, tmp_path, "id INT")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("owner", "name"), STEPS, ids=[name for _, name in STEPS])
def test_whatever_step_the_process_dies_at_the_next_statement_completes_it(
    table: CopiedTable, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool
) -> None:
    table.land("1.json", '{"id": 1}\n')
    table.copy("json")
    table.land("2.json", '{"id": 2}\n')
    table.land("broken.json.gz", "no")
    ignoring = "FORMAT_OPTIONS ('ignoreCorruptFiles' = 'true')"
    with monkeypatch.context() as patched:
        dying(patched, owner, name, after=after, call=1)
        with pytest.raises(ProcessDiedError):
            table.copy("json", ignoring)
    table.land("3.json", '{"id": 3}\n')
    done = table.copy("json", ignoring)
    assert done.num_skipped_corrupt_files == 1
    assert table.rows() == [(1,), (2,), (3,)]
    version = table.version
    table.copy("json", ignoring)
    assert table.version == version


def test_what_a_dead_statement_began_can_not_reach_the_table_any_more(
    table: CopiedTable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its engine outlives it: it commits only when the next statement has already loaded all."""
    table.land("1.json", '{"id": 1}\n')
    begun, leave = tmp_path / "begun", tmp_path / "leave"
    outliving: list[Future[None]] = []

    def slowly(number: int) -> int:
        begun.touch()
        while not leave.exists():
            time.sleep(0.01)
        return number

    def write(load: Load) -> None:
        slow = F.udf(slowly, "int")(F.lit(1))
        (
            table.spark.range(1)
            .select(slow.alias("id"))
            .write.format("delta")
            .mode("append")
            .option("txnAppId", load.application)
            .option("txnVersion", str(load.version))
            .save(str(table.path))
        )

    with ThreadPoolExecutor(1) as engine:

        def dies(_: Any, __: Any, ___: Any, load: Load, ____: Any) -> None:
            outliving.append(engine.submit(write, load))
            while not begun.exists():
                time.sleep(0.01)
            raise ProcessDiedError

        with monkeypatch.context() as patched:
            patched.setattr(copying.Copying, "_append", dies)
            with pytest.raises(ProcessDiedError):
                table.copy("json")
        assert table.copy("json").num_inserted_rows == 1
        leave.touch()
        with pytest.raises(Exception, match="DELTA_CONCURRENT_TRANSACTION"):
            outliving[0].result()
    assert table.rows() == [(1,)]
    table.land("2.json", '{"id": 2}\n')
    assert table.copy("json").num_inserted_rows == 1
    assert table.rows() == [(1,), (2,)]


def test_a_statement_that_failed_leaves_no_commit_behind(table: CopiedTable) -> None:
    table.land("1.json", '{"id": "x"}\n')
    version = table.version
    for _ in range(2):
        with pytest.raises(MisfitError):
            table.copy("json")
    assert table.version == version
    table.land("1.json", '{"id": 1}\n')
    assert table.copy("json").num_inserted_rows == 1
    assert table.version == version + 1


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """The next statement to append says so, and waits for leave."""
    reached, leave = threading.Event(), threading.Event()
    real = copying.Copying._append
    first = threading.Lock()

    def waits(self: Any, *arguments: Any) -> Any:
        if first.acquire(blocking=False):
            reached.set()
            assert leave.wait(120)
        return real(self, *arguments)

    monkeypatch.setattr(copying.Copying, "_append", waits)
    return reached, leave


def test_two_statements_over_different_files_both_load(
    table: CopiedTable, held: tuple[threading.Event, threading.Event]
) -> None:
    reached, leave = held
    table.land("a1.json", '{"id": 1}\n')
    table.land("b2.json", '{"id": 2}\n')
    with ThreadPoolExecutor(1) as other:
        first = other.submit(table.copy, "json", "PATTERN = 'a*'")
        assert reached.wait(120)
        try:
            assert table.copy("json", "PATTERN = 'b*'").num_inserted_rows == 1
        finally:
            leave.set()
        assert first.result().num_inserted_rows == 1
    assert table.rows() == [(1,), (2,)]
    assert table.copy("json").num_inserted_rows == 0


def test_the_second_of_two_over_the_same_files_is_told_so(
    table: CopiedTable, held: tuple[threading.Event, threading.Event]
) -> None:
    reached, leave = held
    table.land("1.json", '{"id": 1}\n')
    with ThreadPoolExecutor(1) as other:
        first = other.submit(table.copy, "json")
        assert reached.wait(120)
        try:
            table.land("2.json", '{"id": 2}\n')
            with pytest.raises(FilesBeingLoadedError, match=r"1 of the files.*1\.json"):
                table.copy("json")
        finally:
            leave.set()
        assert first.result().num_inserted_rows == 1
    assert table.copy("json").num_inserted_rows == 1
    assert table.rows() == [(1,), (2,)]


def test_two_statements_that_add_columns_at_once(
    spark: SparkSession, tmp_path: Path, held: tuple[threading.Event, threading.Event]
) -> None:
    reached, leave = held
    table = CopiedTable.make(spark, tmp_path)
    table.land("a.json", '{"id": 1, "a": "x"}\n')
    table.land("b.json", '{"id": 2, "b": "y"}\n')
    merge = "COPY_OPTIONS ('mergeSchema' = 'true')"
    with ThreadPoolExecutor(1) as other:
        first = other.submit(table.copy, "json", "PATTERN = 'a*'", merge)
        assert reached.wait(120)
        try:
            assert table.copy("json", "PATTERN = 'b*'", merge).num_inserted_rows == 1
        finally:
            leave.set()
        assert first.result().num_inserted_rows == 1
    assert table.rows("id", "a", "b") == [(1, "x", None), (2, None, "y")]


def test_many_statements_at_once(table: CopiedTable) -> None:
    for number in range(12):
        table.land(f"{number % 4}/{number}.json", f'{{"id": {number}}}\n')

    def load(directory: int) -> int:
        statement = f"COPY INTO {table.name} FROM '{table.source}/{directory}' FILEFORMAT = JSON"
        return copy_into(table.spark, statement).num_inserted_rows

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(load, range(4))) == [3, 3, 3, 3]
    assert sorted(table.rows()) == [(number,) for number in range(12)]
    assert table.copy("json").num_inserted_rows == 0
