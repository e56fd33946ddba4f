"""The scripts of README and `docs/auto-loader.md` run as they are printed, in a clean directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets_tests.documentation.pages import blocks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: SparkSession) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "lake"))
    for name in ("landing/orders", "landing/payments"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def run(text: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(text, "documentation", "exec"), names)
    return names


def test_the_script_of_the_readme(directory: Path, spark: SparkSession) -> None:
    script = next(text for text in blocks("README.md", "python") if "read_stream" in text)
    spark.sql("DROP TABLE IF EXISTS orders")
    (directory / "landing/orders/1.json").write_text('{"order_id": 1}\n')
    run(script)
    (directory / "landing/orders/2.json").write_text('{"order_id": 2, "channel": "web"}\n')
    run(script)
    run(script)
    found = spark.table("orders").select("order_id", "channel").orderBy("order_id").collect()
    # The documented default reads JSON as strings.
    assert [tuple(row) for row in found] == [("1", None), ("2", "web")]


def test_the_scripts_of_the_page(
    directory: Path, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    script, states, ledger = blocks("docs/auto-loader.md", "python")
    spark.sql("DROP TABLE IF EXISTS payments")
    (directory / "landing/payments/1.json").write_text(
        '{"id": 1, "amount": 12.5}\n{"id": 2, "amount": "much"}\n'
    )
    names = run(script)
    found = spark.table("payments").orderBy("id")
    assert found.columns == ["amount", "id", "_rescued_data", "file_name"]
    one, two = found.collect()
    assert (one["id"], str(one["amount"]), one["_rescued_data"]) == (1, "12.50", None)
    assert two["amount"] is None
    assert '"amount":"much"' in two["_rescued_data"]
    capsys.readouterr()
    exec(states, names)
    assert "committed" in capsys.readouterr().out
    # Spark's own reader resolves a relative path where its JVM was started, not here.
    exec(ledger.replace('"checkpoints/', f'"{directory}/checkpoints/'), names)
    entries = (
        spark.read.format("delta").load(f"{directory}/checkpoints/payments/_ledger/files").collect()
    )
    assert [Path(entry["path"]).name for entry in entries] == ["1.json"]
