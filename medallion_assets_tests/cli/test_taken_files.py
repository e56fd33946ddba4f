"""`medallion reprocess` and `medallion schema`, on a table whose files were taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql.types import LongType, StringType, StructField, StructType

from medallion_assets.cli import main
from medallion_assets.lakehouse.autoloader.ledger import FileLedger
from medallion_assets.lakehouse.autoloader.schema_log import SchemaLog
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import ledger_directory
from medallion_assets.shop import lakehouse
from medallion_assets_tests.lakehouse.autoloader.landed import land, seen

CLICKS = lakehouse.table("bronze.clicks")


@pytest.fixture
def taken(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """Two files of clicks, taken, and one that is still to be."""
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.root))
    monkeypatch.setenv("MEDALLION_LANDING", str(lake.landing))
    files = [land(lake.landing / "clicks" / f"{name}.avro") for name in "abc"]
    ledger = ledger_of(lake)
    ledger.create()
    ledger.discovered([[seen(file) for file in files[:2]], [seen(files[2])]])
    ledger.committed(0, 7)
    return lake


def ledger_of(lake: Lake) -> FileLedger:
    return FileLedger(ledger_directory(lake.stream_directory(CLICKS)))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    assert main(arguments) == code
    captured = capsys.readouterr()
    return captured.err if code else captured.out


def test_files_are_entered_again(taken: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    said = printed(capsys, "reprocess", "bronze/clicks", "a.avro")
    assert "1 file will be taken again by the next run" in said
    assert "Next: `make run` takes them." in said
    assert [Path(path).name for path in ledger_of(taken).replaced(2)] == ["a.avro"]
    said = printed(capsys, "reprocess", "bronze/clicks", "--pattern", "*")
    assert "1 file will be taken again" in said
    assert "2 files will be taken by the next run anyway" in said


def test_a_file_that_does_not_fit_or_was_never_taken(
    taken: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    version = ledger_of(taken).version()
    said = printed(capsys, "reprocess", "bronze/clicks", "--modified-after", "2030-01-01T00:00:00")
    assert said == "No file that was taken fits.\n"
    assert "never taken" in printed(capsys, "reprocess", "bronze/clicks", "z.avro", code=1)
    assert "Which files" in printed(capsys, "reprocess", "bronze/clicks", code=1)
    assert "medallion rebuild silver/orders" in printed(
        capsys, "reprocess", "silver/orders", "a", code=1
    )
    assert ledger_of(taken).version() == version


def test_schema_versions_are_shown_and_gone_back_to(
    taken: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Nothing is stored yet" in printed(capsys, "schema", "bronze/clicks")
    log = SchemaLog(taken.stream_directory(CLICKS))
    first = StructType([StructField("id", LongType())])
    log.store(first, ["id"], ["/landing/a"])
    log.store(StructType([*first.fields, StructField("x", StringType())]), ["x"], ["/landing/b"])
    said = printed(capsys, "schema", "bronze/clicks")
    assert "version 0," in said
    assert "version 1," in said
    assert "new: x" in said
    assert "x string" in said
    printed(capsys, "schema", "bronze/clicks", "--roll-back", "0")
    assert (log.version(), log.schema()) == (2, first)
    assert "no version 9" in printed(capsys, "schema", "bronze/clicks", "--roll-back", "9", code=1)
    assert "has no stored schema" in printed(capsys, "schema", "silver/clicks", code=1)
