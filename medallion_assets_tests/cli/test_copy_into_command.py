from __future__ import annotations

from typing import TYPE_CHECKING

from medallion_assets.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from pyspark.sql import SparkSession


def test_a_statement_loads_and_then_loads_nothing(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    spark.sql(f"CREATE TABLE delta.`{tmp_path}/lake/bronze/copied_by_hand` (id INT) USING delta")
    (tmp_path / "a.json").write_text('{"id": 1}\n{"id": 2}\n')
    statement = f"COPY INTO bronze.copied_by_hand FROM '{tmp_path}/a.json' FILEFORMAT = JSON"
    assert main(["copy-into", f"{statement} VALIDATE 1 ROWS"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "{'id': 1}"
    for rows in (2, 0):
        assert main(["copy-into", statement]) == 0
        assert capsys.readouterr().out.splitlines() == [
            f"num_affected_rows: {rows}", f"num_inserted_rows: {rows}",
            "num_skipped_corrupt_files: 0",
        ]  # fmt: skip
    spark.sql("DROP TABLE bronze.copied_by_hand")


def test_a_mistake_is_told_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["copy-into", "COPY INTO t FROM 'x' FILEFORMAT = XLS"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("medallion: line 1, column 35: FILEFORMAT is 'XLS'")
    assert said[2] == " " * 34 + "^"
