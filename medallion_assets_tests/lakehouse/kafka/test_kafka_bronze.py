"""Bronze tables of topics, against a real broker."""

from __future__ import annotations

from typing import Any

import pytest

from medallion_assets.lakehouse.errors import (
    BrokerRefusedError,
    BrokerUnavailableError,
    EventsLostError,
    MachineError,
)
from medallion_assets.lakehouse.kafka.broker import Broker
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.kafka.offsets import Gap, TopicPartition
from medallion_assets.lakehouse.kafka.state import look
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Events, Materialization
from medallion_assets.lakehouse.materialize import materialize
from medallion_assets.lakehouse.rebuild import rebuild
from medallion_assets.lakehouse.session import start_session
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Lakehouse
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
    topics.send("views", [b"a", b"b"])
    run(table, lake)
    topics.send("views", [b"c"])
    topics.send("views", [b"d", b"e"], partition=1)
    state = look(table.source, checkpoint)
    assert (state.events_waiting, state.wants_run, state.gaps) == (3, True, ())
    assert state.oldest_unread_age_seconds is not None
    assert 0 <= state.oldest_unread_age_seconds < 60


def test_a_stream_that_starts_at_the_end_takes_what_comes_after_its_first_run(
    topics: Topics, lake: Lake
) -> None:
    topics.create("views")
    topics.send("views", [b"before"])
    table = bronze(topics, "views", startingOffsets="latest")
    assert run(table, lake).rows.written == 0
    assert materialize(table, lake, no_session).batches == 0, "its position is known by now"
    topics.send("views", [b"after"])
    run(table, lake)
    assert held(lake, table) == [(topics.name("views"), 0, 1, b"after")]


def test_a_topic_that_appears_later_is_read_from_its_beginning(topics: Topics, lake: Lake) -> None:
    table = bronze(topics, "views", "sales")
    assert materialize(table, lake, no_session).batches == 0, "there is no topic yet"
    topics.create("views")
    topics.send("views", [b"a"])
    assert run(table, lake).rows.written == 1
    topics.create("sales")
    topics.send("sales", [b"b"])
    assert run(table, lake).rows.written == 1
    assert [value for *_, value in held(lake, table)] == [b"b", b"a"]


def test_events_that_are_gone_end_the_run_or_are_put_on_record(topics: Topics, lake: Lake) -> None:
    name = topics.create("views")
    topics.send("views", [b"%d" % i for i in range(10)])
    strict = bronze(topics, "views")
    run(strict, lake)
    topics.send("views", [b"%d" % i for i in range(10, 20)])
    topics.delete_before("views", 15)
    with pytest.raises(EventsLostError, match=rf"{name}/0 offset 10 to 14: deleted by .*retention"):
        materialize(strict, lake, no_session)
    lenient = bronze(topics, "views", failOnDataLoss="false")
    done = run(lenient, lake)
    gap = Gap(
        TopicPartition(name, 0), 10, 15, "deleted by the topic's retention before they were read"
    )
    assert events_of(done).lost == (gap,)
    assert [offset for _, _, offset, _ in held(lake, lenient)] == [*range(10), *range(15, 20)]
    topics.send("views", [b"next"])
    after = events_of(run(lenient, lake))
    assert (after.lost, after.lost_before) == ((), (gap,))


def test_a_topic_that_was_made_anew_is_not_taken_for_the_old_one(
    topics: Topics, lake: Lake
) -> None:
    topics.create("views")
    topics.send("views", [b"a", b"b", b"c"])
    strict = bronze(topics, "views")
    run(strict, lake)
    topics.delete("views")
    with pytest.raises(EventsLostError, match="the topic or partition was deleted"):
        materialize(strict, lake, no_session)
    topics.create("views")
    topics.send("views", [b"d"])
    with pytest.raises(EventsLostError, match="made anew, and the stream had read to 3"):
        materialize(strict, lake, no_session)
    lenient = bronze(topics, "views", failOnDataLoss="false")
    assert sum(gap.events for gap in events_of(run(lenient, lake)).lost) == 1
    topics.send("views", [b"e"])
    assert run(lenient, lake).rows.written == 1
    assert {value for *_, value in held(lake, lenient)} == {b"a", b"b", b"c", b"e"}


def test_only_what_a_transaction_has_committed_is_read(topics: Topics, lake: Lake) -> None:
    topics.create("views")
    table = bronze(topics, "views", **{"kafka.isolation.level": "read_committed"})
    with topics.transaction("views", [b"aborted"], commit=False):
        pass
    with topics.transaction("views", [b"committed"], commit=True):
        run(table, lake)
        assert not lake.log(table).exists() or not held(lake, table)
    done = run(table, lake)
    assert [value for *_, value in held(lake, table)] == [b"committed"]
    assert events_of(done).backlog == 0
    assert materialize(table, lake, no_session).batches == 0, "markers are no backlog"


def test_a_broker_that_is_away_is_waited_for(topics: Topics, lake: Lake) -> None:
    topics.create("views")
    topics.send("views", [b"a"])
    table = bronze(topics, "views")
    run(table, lake)
    topics.send("views", [b"b"])
    topics.services.broker.stop()
    try:
        with pytest.raises(BrokerUnavailableError, match=r"does not answer.*Nothing is lost"):
            materialize(table, lake, no_session)
    finally:
        topics.services.broker.start()
    run(table, lake)
    assert [value for *_, value in held(lake, table)] == [b"a", b"b"]


def test_a_broker_that_has_just_started_is_given_time_to_lead_its_partitions(
    topics: Topics,
) -> None:
    names = {topics.create(f"views_{number}", partitions=60) for number in range(4)}
    broker = Broker(topics.cluster)
    while len(broker.offsets(names.__contains__).latest) < 240:
        pass  # Topics that were just made are seen a moment later.
    for _ in range(2):
        topics.services.broker.stop()
        topics.services.broker.start()
        assert len(broker.offsets(names.__contains__).latest) == 240


def test_secrets_come_from_the_environment_and_are_told_to_nobody(
    topics: Topics, lake: Lake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    topics.create("views")
    topics.send("views", [b"a"])
    broker = topics.services.broker
    secret = broker.credentials.password
    cluster = KafkaCluster(
        bootstrap_servers=broker.sasl_bootstrap_servers, security_protocol="SASL_PLAINTEXT"
    )
    source = KafkaTopics(name="clicks", cluster=cluster, subscribe=(topics.name("views"),))
    table = BronzeTable(name="clicks", source=source)
    with pytest.raises(MachineError, match="MEDALLION_KAFKA_SASL_USERNAME and MEDALLION_KAFKA_SA"):
        materialize(table, lake, no_session)
    monkeypatch.setenv("MEDALLION_KAFKA_SASL_USERNAME", broker.credentials.user)
    monkeypatch.setenv("MEDALLION_KAFKA_SASL_PASSWORD", "wrong-" + secret)
    with pytest.raises(BrokerRefusedError, match="Check MEDALLION_KAFKA_SASL_USERNAME") as refused:
        materialize(table, lake, no_session)
    monkeypatch.setenv("MEDALLION_KAFKA_SASL_PASSWORD", secret)
    done = run(table, lake)
    assert done.rows.written == 1
    told = [repr(table), repr(done), str(refused.value), *capfd.readouterr()]
    told += [
        path.read_bytes().decode(errors="replace")
        for path in lake.root.rglob("*")
        if path.is_file()
    ]
    assert not [text for text in told if secret in text]


def test_a_rebuild_reads_topics_anew_only_while_they_are_whole(topics: Topics, lake: Lake) -> None:
    topics.create("views")
    topics.send("views", [b"a", b"b"])
    table = bronze(topics, "views")
    run(table, lake)
    lakehouse = Lakehouse.from_tables([table])
    (parity,) = rebuild(lakehouse, table, lake, start_session)
    assert (parity.equal, parity.new_rows) == (True, 2)
    topics.send("views", [b"c"])
    assert run(table, lake).rows.written == 1
    topics.delete_before("views", 1)
    with pytest.raises(EventsLostError, match=r"no longer have.*offset 0: deleted"):
        rebuild(lakehouse, table, lake, start_session)
    assert len(held(lake, table)) == 3


def test_topics_by_pattern(topics: Topics, lake: Lake) -> None:
    for name in ("sales.eu", "sales.us", "views"):
        topics.create(name)
        topics.send(name, [name.encode()])
    pattern = rf"{topics.prefix}\.sales\..*"
    source = KafkaTopics(name="sales", cluster=topics.cluster, subscribe_pattern=pattern)
    table = BronzeTable(name="sales", source=source)
    run(table, lake)
    assert [value for *_, value in held(lake, table)] == [b"sales.eu", b"sales.us"]
    topics.create("sales.asia")
    topics.send("sales.asia", [b"later"])
    assert run(table, lake).rows.written == 1
