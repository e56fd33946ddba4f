"""Whether something is new, without a session, and without a look where nothing has moved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from medallion_assets.lakehouse.autoloader.discovery.directory_notifications import (
    DirectoryNotifications,
)
from medallion_assets.lakehouse.autoloader.discovery.notifications import Told
from medallion_assets.lakehouse.lag import Lag
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import BronzeTable, GoldTable, SilverTable
from medallion_assets.orchestration.live import news
from medallion_assets.orchestration.live.news import SourceNews, news_of
from medallion_assets.orchestration.source_look import SourceLook, look_at
from medallion_assets_tests.lakehouse.autoloader import landed
from medallion_assets_tests.lakehouse.delta_rows import append
from medallion_assets_tests.orchestration.small_lakehouse import (
    bronze_customers,
    silver_customers,
    small_lakehouse,
)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which tables and sources were looked at."""
    seen: list[str] = []
    lag_of = Lag.of

    def look(table: BronzeTable, lake: Lake, *, budget_seconds: float) -> SourceLook:
        seen.append(table.full_name)
        return look_at(table, lake, budget_seconds=budget_seconds)

    def lag(table: SilverTable | GoldTable, lake: Lake) -> Lag:
        seen.append(table.full_name)
        return lag_of(table, lake)

    monkeypatch.setattr(news, "look_at", look)
    monkeypatch.setattr(Lag, "of", lag)
    return seen


@pytest.fixture
def source(lake: Lake) -> Iterator[SourceNews]:
    lake.landing_path(bronze_customers.source).mkdir(parents=True)
    found = SourceNews(bronze_customers, lake)
    yield found
    found.close()


def commit(lake: Lake) -> None:
    append(lake.path(bronze_customers), [{"id": 1}], {"id": pa.int64()})


def file(lake: Lake, name: str) -> Path:
    return lake.landing_path(bronze_customers.source) / name


def test_a_file_is_news_until_it_was_taken(
    lake: Lake, source: SourceNews, looks: list[str]
) -> None:
    assert not source.waiting()
    unfinished = landed.land(file(lake, "_a.json"))
    assert not source.waiting()
    before = source.mark
    unfinished.rename(file(lake, "a.json"))
    assert source.waiting()
    assert source.waiting(), "it was not taken yet"
    assert source.mark != before
    source.taken()
    assert not source.waiting()
    assert looks == ["bronze.customers"], "the first look alone; then the directory told"


def test_a_commit_is_news_until_it_was_taken(lake: Lake, looks: list[str]) -> None:
    table = news_of(silver_customers, lake)
    assert not table.waiting(), "there is nothing to read yet"
    commit(lake)
    assert table.waiting()
    version = lake.log(bronze_customers).version()
    assert version is not None
    Checkpoint(lake.stream_directory(silver_customers)).record_consumed({"source": version})
    table.taken()
    assert not table.waiting()
    before = list(looks)
    for _ in range(5):
        assert not table.waiting()
    assert looks == before, "nothing has moved, so nothing was opened"
    commit(lake)
    assert table.waiting()


def test_what_was_not_told_is_found_from_time_to_time(
    lake: Lake, source: SourceNews, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not source.waiting()
    # As on a file system that tells nothing of what others write.
    monkeypatch.setattr(DirectoryNotifications, "told", lambda _: Told((), complete=True))
    landed.land(file(lake, "a.json"))
    assert not source.waiting()
    monkeypatch.setattr(source, "clock", lambda: 1e12)
    assert source.waiting()


def test_a_round_with_nothing_new_opens_nothing(lake: Lake, looks: list[str]) -> None:
    for table in small_lakehouse.tables:
        if isinstance(table, BronzeTable):
            lake.landing_path(table.source).mkdir(parents=True)
    every = [news_of(table, lake) for table in small_lakehouse.tables]
    try:
        assert not any(one.waiting() for one in every)
        before = len(looks)
        assert not any(one.waiting() for one in every)
        assert len(looks) == before == len(small_lakehouse.tables)
    finally:
        for one in every:
            one.close()
