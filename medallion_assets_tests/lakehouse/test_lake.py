from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import CommitProperties, Transaction, write_deltalake

from medallion_assets.lakehouse.lake import GENERATION, Lake
from medallion_assets.lakehouse.tables import BronzeTable, LandingDirectory, SilverTable

BRONZE = BronzeTable(name="orders", source=LandingDirectory(name="drops", format="json"))
SILVER = SilverTable(name="orders", source=BRONZE, transform=lambda frame: frame)


def test_everything_has_a_place_of_its_own() -> None:
    lake = Lake(Path("/lake"), Path("/landing"))
    assert lake.path(BRONZE) == Path("/lake/bronze/orders")
    assert lake.path(SILVER) == Path("/lake/silver/orders")
    assert lake.quarantine_path(SILVER) == Path("/lake/silver/orders_quarantine")
    assert lake.late_path(SILVER) == Path("/lake/silver/orders_late")
    assert lake.landing_path(BRONZE.source) == Path("/landing/drops")
    assert lake.lock_path(BRONZE) == Path("/lake/_medallion/locks/bronze.orders.lock")
    streams = {lake.stream_directory(table) for table in (BRONZE, SILVER)}
    assert streams == {
        Path("/lake/_medallion/streams/bronze.orders/0"),
        Path("/lake/_medallion/streams/silver.orders/0"),
    }


def test_the_environment_moves_both_directories(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEDALLION_LAKE", raising=False)
    monkeypatch.delenv("MEDALLION_LANDING", raising=False)
    assert Lake.from_environment(tmp_path) == Lake(
        tmp_path / "data" / "lake", tmp_path / "data" / "landing"
    )
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "a" / ".." / "b"))
    monkeypatch.setenv("MEDALLION_LANDING", "")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert Lake.from_environment(tmp_path) == Lake(tmp_path / "b", tmp_path / "data" / "landing")
    monkeypatch.setenv("MEDALLION_LANDING", "~/drops")
    assert Lake.from_environment(tmp_path).landing == tmp_path / "home" / "drops"


def test_the_tables_own_log_says_which_generation_fills_it(lake: Lake) -> None:
    assert lake.generation(BRONZE) == 0
    properties = CommitProperties(app_transactions=[Transaction(GENERATION, 3)])
    write_deltalake(lake.path(BRONZE), pa.table({"a": [1]}), commit_properties=properties)
    assert lake.generation(BRONZE) == 3
    assert lake.stream_directory(BRONZE).name == "3"
    assert lake.stream_directory(SILVER).name == "0"
