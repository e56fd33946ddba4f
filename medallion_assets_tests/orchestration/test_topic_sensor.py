"""The sensor of topics, and what Dagster is told of them, against a real broker."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Lakehouse
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.brokers import Topics

pytestmark = [pytest.mark.process, pytest.mark.usefixtures("spark")]


def definitions(topics: Topics, lake: Lake, **options: str) -> dg.Definitions:
    source = KafkaTopics(
        name="views", cluster=topics.cluster, subscribe=(topics.name("views"),), options=options
    )
    return build_definitions(
        Lakehouse.from_tables([BronzeTable(name="views", source=source)]),
        lake=LakeResource.of(lake),
    )


def tick(
    defined: dg.Definitions, lake: Lake, instance: dg.DagsterInstance, cursor: str | None
) -> dg.SensorResult:
    sensor = defined.resolve_sensor_def("views_topic_sensor")
    resources = {"lake": LakeResource.of(lake)}
    with dg.build_sensor_context(instance=instance, cursor=cursor, resources=resources) as context:
        result = sensor(context)
    assert isinstance(result, dg.SensorResult)
    return result


def test_it_wakes_a_run_when_the_stream_is_behind(topics: Topics, lake: Lake) -> None:
    topics.create("views", partitions=2)
    topics.send("views", [b"a", b"b"])
    defined = definitions(topics, lake, failOnDataLoss="false")
    with dg.DagsterInstance.ephemeral() as instance:
        first = tick(defined, lake, instance, None)
        (request,) = first.run_requests or []
        assert [key.to_user_string() for key in request.asset_selection or ()] == ["bronze/views"]
        (event,) = first.asset_events
        assert event.metadata["events_waiting"].value == 2
        assert "oldest_waiting_seconds" in event.metadata
        done = materialized(defined, instance)
        assert (done["rows_this_run"], done["backlog_events"], done["offsets_lost"]) == (2, 0, 0)
        caught_up = tick(defined, lake, instance, first.cursor)
        assert not caught_up.run_requests
        assert caught_up.skip_reason is not None
        assert "2 partitions, nothing new" in str(caught_up.skip_reason.skip_message)
        topics.send("views", [b"c", b"d"])
        topics.delete_before("views", 3)
        behind = tick(defined, lake, instance, caught_up.cursor)
        assert behind.run_requests
        done = materialized(defined, instance)
        assert (done["rows_this_run"], done["offsets_lost"]) == (1, 1)
        check = instance.event_log_storage.get_asset_check_execution_history(
            dg.AssetCheckKey(dg.AssetKey(["bronze", "views"]), "events_lost"), limit=1
        )[0].evaluation
        assert isinstance(check, dg.AssetCheckEvaluation)
        assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
        topics.services.broker.stop()
        try:
            away = tick(defined, lake, instance, behind.cursor)
        finally:
            topics.services.broker.start()
        assert "does not answer" in str(away.skip_reason)
        assert away.cursor == behind.cursor


def materialized(defined: dg.Definitions, instance: dg.DagsterInstance) -> dict[str, Any]:
    result = defined.resolve_job_def("views_job").execute_in_process(instance=instance)
    assert result.success
    (event,) = result.asset_materializations_for_node("bronze__views")
    return {name: value.value for name, value in event.metadata.items()}
