"""The scripts of `docs/copy-into.md` run as they are printed, in a clean directory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.tables import BronzeTable
from medallion_assets_tests.documentation.pages import blocks

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def test_the_scripts_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spark: SparkSession,
    capsys: pytest.CaptureFixture[str], lake: Lake,
) -> None:  # fmt: skip
    script, declaration = blocks("docs/copy-into.md", "python")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.root))
    spark.sql("DROP TABLE IF EXISTS products")
    landing = tmp_path / "landing/products"
    landing.mkdir(parents=True)
    (landing / "1.csv").write_text("sku|name\nA|Apple\nB|Pear\n")
    exec(compile(script, "documentation", "exec"), {})
    assert capsys.readouterr().out.split() == ["2", "0"]
    exec(compile(script, "documentation", "exec"), {})
    assert capsys.readouterr().out.split() == ["0", "0"]
    assert [tuple(row) for row in spark.table("products").orderBy("sku").collect()] == [
        ("A", "Apple"), ("B", "Pear"),
    ]  # fmt: skip
    spark.sql("DROP TABLE products")

    names: dict[str, object] = {}
    exec(compile(declaration, "documentation", "exec"), names)
    prices = names["prices"]
    assert isinstance(prices, BronzeTable)
    (lake.landing / "prices").mkdir(parents=True)
    (lake.landing / "prices" / "1.csv").write_text("sku,price\nA,1\n")
    assert materialize(prices, lake, lambda: spark).rows.written == 1
