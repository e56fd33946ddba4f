"""The status of a table of topics, against a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.status import Backlog, look
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.lakehouse.delta_rows import run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@pytest.mark.process
def test_events_wait_until_they_are_taken(topics: Topics, lake: Lake, spark: SparkSession) -> None:
    name = topics.create("views")
    table = BronzeTable(
        name="views", source=KafkaTopics(name="views", cluster=topics.cluster, subscribe=(name,))
    )
    topics.send("views", [b"1", b"2", b"3"])
    (before,) = look([table], lake)
    assert before.errors == ()
    assert before.backlog is not None
    assert (before.backlog.events, before.backlog.files, before.backlog.lost) == (3, None, ())
    age = before.backlog.oldest_seconds
    assert age is not None
    assert 0 <= age < 600
    run(table, lake)
    (after,) = look([table], lake)
    assert after.backlog == Backlog(events=0)
    assert after.stored is not None
    assert after.stored.rows == 3
