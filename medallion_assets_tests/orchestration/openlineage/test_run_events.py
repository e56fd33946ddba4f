"""The events of a materialization, made of declarations and counts alone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from openlineage.client.serde import Serde

from medallion_assets.lakehouse.delta_log import Column, TableVersion
from medallion_assets.lakehouse.errors import ExpectationFailedError, TableLockedError
from medallion_assets.lakehouse.kafka.cluster import KafkaCluster
from medallion_assets.lakehouse.kafka.offsets import TopicPartition
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lineage import How, Origin, TableLineage
from medallion_assets.lakehouse.materialization import Events, Materialization, Rows
from medallion_assets.lakehouse.quality.expectations import Action, ExpectationCount
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Table
from medallion_assets.orchestration.openlineage import run_events
from medallion_assets.orchestration.openlineage.run_events import Known, TableRun, error_text
from medallion_assets_tests.orchestration.small_lakehouse import bronze_orders, silver_orders

AT = datetime(2026, 11, 22, 12, 30, tzinfo=timezone.utc)
LAKE = Lake(Path("/lake"), Path("/landing"))
DAGSTER_RUN = "0b54b7b1-2d2b-4f0b-9f0c-3a5a0c4a1f11"
KNOWN = Known(
    columns={
        "silver.orders": (Column("order_id", "bigint", False), Column("amount", "double", True)),
        "bronze.orders": (Column("order_id", "bigint", True),),
        "orders_quarantine": (Column("_broken_rules", "array<string>", True),),
    },
    lineage=TableLineage(
        columns={
            "order_id": (Origin("bronze.orders", "order_id", How.IDENTITY),),
            "amount": (
                Origin("bronze.orders", "amount", How.TRANSFORMATION),
                Origin("bronze.orders", "amount", How.CONDITIONAL),
                Origin("bronze.orders", "hidden", How.DIRECT),
            ),
            "country": (Origin("silver.customers", "country", How.IDENTITY),),
        },
        rows=(Origin("bronze.orders", "status", How.FILTER),),
    ),
    version=TableVersion("abc", 7),
)
OUTCOME = Materialization(
    "silver.orders",
    batches=1,
    rows=Rows(read=10, kept=8, written=8, quarantined=2),
    expectations=(
        ExpectationCount("positive", Action.QUARANTINE, 2, 10),
        ExpectationCount("has_key", Action.FAIL, 0, 10),
        ExpectationCount("small", Action.WARN, 0, 0),
    ),
)


def run_of(table: Table, attempt: int = 0) -> TableRun:
    return TableRun(table, LAKE, DAGSTER_RUN, "lakehouse_job", "shop", attempt)


def sent(event: Any) -> dict[str, Any]:
    """What the client makes of the event."""
    body: dict[str, Any] = json.loads(Serde.to_json(event))
    return body


def completed() -> dict[str, Any]:
    return sent(run_events.completed(run_of(silver_orders), KNOWN, OUTCOME, AT))


def test_an_event_says_which_job_which_run_and_of_which_dagster_run() -> None:
    event = completed()
    assert (event["eventType"], event["eventTime"]) == ("COMPLETE", "2026-11-22T12:30:00+00:00")
    assert (event["job"]["namespace"], event["job"]["name"]) == ("shop", "silver.orders")
    assert event["job"]["facets"]["ownership"]["owners"] == [{"name": "team:shop"}]
    parent = event["run"]["facets"]["parent"]
    assert (parent["run"]["runId"], parent["job"]["name"]) == (DAGSTER_RUN, "lakehouse_job")


def test_a_run_has_one_id_and_each_attempt_another() -> None:
    started = sent(run_events.started(run_of(silver_orders), KNOWN, AT))
    assert started["eventType"] == "START"
    assert started["run"]["runId"] == completed()["run"]["runId"]
    ids = {run_of(table, n).run_id for table in (silver_orders, bronze_orders) for n in (0, 1)}
    assert len(ids) == 4


def test_inputs_and_outputs_are_the_declared_tables_and_the_quarantine() -> None:
    event = completed()
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [
        ("file", "/lake/bronze/orders"), ("file", "/lake/silver/customers"),
    ]  # fmt: skip
    table, quarantine = event["outputs"]
    assert table["name"] == "/lake/silver/orders"
    assert table["outputFacets"]["outputStatistics"]["rowCount"] == 8
    assert table["facets"]["version"]["datasetVersion"] == "abc:7"
    assert table["facets"]["symlinks"]["identifiers"] == [
        {"namespace": "shop", "name": "silver.orders", "type": "TABLE"}
    ]
    assert quarantine["name"] == "/lake/silver/orders_quarantine"
    assert quarantine["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert quarantine["facets"]["schema"]["fields"][0]["name"] == "_broken_rules"


def test_columns_have_types_and_descriptions() -> None:
    first, second = completed()["outputs"][0]["facets"]["schema"]["fields"]
    assert (first["name"], first["type"], first["description"]) == (
        "order_id", "bigint", "The order's number.",
    )  # fmt: skip
    assert (second["name"], second["ordinal_position"]) == ("amount", 2)


def test_column_lineage_says_what_passes_and_what_decides() -> None:
    facet = completed()["outputs"][0]["facets"]["columnLineage"]
    assert facet["fields"]["country"]["inputFields"][0]["name"] == "/lake/silver/customers"
    amount, hidden = facet["fields"]["amount"]["inputFields"]
    assert [(one["type"], one["subtype"]) for one in amount["transformations"]] == [
        ("DIRECT", "TRANSFORMATION"), ("INDIRECT", "CONDITIONAL"),
    ]  # fmt: skip
    assert hidden["transformations"] == [{"type": "DIRECT"}]
    (filtered,) = facet["dataset"]
    assert (filtered["field"], filtered["transformations"][0]["subtype"]) == ("status", "FILTER")


def test_expectations_are_assertions_on_what_was_judged() -> None:
    judged, looked_up = completed()["inputs"]
    assert "dataQualityAssertions" not in looked_up["inputFacets"]
    positive, has_key = judged["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (positive["success"], positive["severity"], positive["actual"]) == (False, "warn", "2")
    assert positive["content"] == "amount > 0"
    assert positive["params"] == {"evaluated_rows": 10, "action": "quarantine"}
    assert (has_key["success"], has_key["severity"]) == (True, "error")


def test_a_run_that_judged_no_row_asserts_nothing() -> None:
    idle = Materialization("silver.orders")
    event = sent(run_events.completed(run_of(silver_orders), KNOWN, idle, AT))
    assert event["inputs"][0]["inputFacets"] == {}
    assert event["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 0


def test_bronze_reads_its_landing_directory() -> None:
    event = sent(run_events.started(run_of(bronze_orders), Known(), AT))
    assert [one["name"] for one in event["inputs"]] == ["/landing/orders"]
    assert "schema" not in event["outputs"][0]["facets"]


def test_topics_go_by_their_server_and_those_of_a_pattern_by_what_was_read() -> None:
    cluster = KafkaCluster(bootstrap_servers="kafka:9092,other:9092")
    source = KafkaTopics(name="clicks", cluster=cluster, subscribe_pattern="clicks_.*")
    table = BronzeTable(name="clicks", source=source)
    assert sent(run_events.started(run_of(table), Known(), AT))["inputs"] == []
    read = Events(began={}, ended={TopicPartition(f"clicks_{n}", 0): 5 for n in "ab"})
    done = Materialization("bronze.clicks", batches=1, events=read)
    event = sent(run_events.completed(run_of(table), Known(), done, AT))
    assert [(one["namespace"], one["name"]) for one in event["inputs"]] == [
        ("kafka://kafka:9092", "clicks_a"), ("kafka://kafka:9092", "clicks_b"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("error", "told", "personal"),
    [
        (ExpectationFailedError("The row: Ann", rule="has_key"),
         "ExpectationFailedError: a row of silver.orders breaks has_key, which fails the run.",
         "ExpectationFailedError: a row of silver.orders breaks has_key, which fails the run."),
        (TableLockedError("another run\nholds it"), "TableLockedError: another run\nholds it",
         "TableLockedError: the message is in the log of the Dagster run."),
        (ValueError("no\n'Ann'"), "ValueError: no",
         "ValueError: the message is in the log of the Dagster run."),
    ],
)  # fmt: skip
def test_a_failure_is_told_without_a_row(error: Exception, told: str, personal: str) -> None:
    event = sent(run_events.failed(run_of(silver_orders), KNOWN, error, AT))
    assert event["eventType"] == "FAIL"
    assert event["run"]["facets"]["errorMessage"]["message"] == told
    assert error_text(replace(silver_orders, tags={"pii": "true"}), error) == personal
