"""Bronze tables of topics, against a real broker."""

from __future__ import annotations

import json
from typing import Any

import pytest

from medallion_assets.lakehouse.kafka.state import look
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Events, Materialization
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics
from medallion_assets_tests.brokers import Topics
from medallion_assets_tests.lakehouse.delta_rows import rows, run

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("spark")]


def bronze(topics: Topics, *names: str, **options: str) -> BronzeTable:
    source = KafkaTopics(
        name="clicks",
        cluster=topics.cluster,
        subscribe=tuple(map(topics.name, names)),
        options=options,
    )
    return BronzeTable(name="clicks", source=source)


def events_of(done: Materialization) -> Events:
    assert done.events is not None
    return done.events


def held(lake: Lake, table: BronzeTable) -> list[tuple[Any, ...]]:
    columns = ("topic", "partition", "offset", "value")
    return sorted(tuple(row.values()) for row in rows(lake.path(table), *columns))


def no_session() -> Any:
    raise AssertionError("a session was started though nothing is new")


def test_every_event_is_taken_once_as_it_came(topics: Topics, lake: Lake) -> None:
    views, sales = topics.create("views", partitions=2), topics.create("sales")
    table = bronze(topics, "views", "sales", maxOffsetsPerTrigger="2")
    topics.send("views", [b"a", b"b", b"c"], key=b"k", headers=[("trace", b"7")])
    topics.send("views", [None], key=b"k", partition=1)
    topics.send("sales", [b"\xff\x00"])
    done = run(table, lake)
    assert done.batches > 1, "maxOffsetsPerTrigger makes several micro-batches"
    assert done.rows.conserved
    assert (done.rows.written, events_of(done).backlog) == (5, 0)
    expected = [
        (sales, 0, 0, b"\xff\x00"),
        *[(views, 0, i, v) for i, v in enumerate([b"a", b"b", b"c"])],
    ]
    assert held(lake, table) == [*expected, (views, 1, 0, None)]
    first = next(row for row in rows(lake.path(table)) if row["value"] == b"a")
    assert (first["key"], first["headers"]) == (b"k", [{"key": "trace", "value": b"7"}])
    assert (first["timestampType"], first["_batch"]) == (0, 0)
    again = materialize(table, lake, no_session)
    assert (again.batches, events_of(again).backlog) == (0, 0)
    topics.send("sales", [b"d"])
    assert run(table, lake).rows.written == 1
    assert held(lake, table) == sorted([*expected, (views, 1, 0, None), (sales, 0, 1, b"d")])


def test_the_backlog_is_told_in_offsets_and_age(topics: Topics, lake: Lake) -> None:
    topics.create("views", partitions=2)
    table = bronze(topics, "views")
    assert isinstance(table.source, KafkaTopics)
    checkpoint = lake.stream_directory(table)
    assert not look(table.source, checkpoint).wants_run or not look(table.source, checkpoint).begun
    topics.send("views", [b"a", b"b"])
    run(table, lake)
    topics.send("views", [b"c"])
    topics.send("views", [b"d", b"e"], partition=1)
    state = look(table.source, checkpoint)
    assert (state.events_waiting, state.wants_run, state.gaps) == (3, True, ())
    assert state.oldest_unread_age_seconds is not None
    assert 0 <= state.oldest_unread_age_seconds < 60
