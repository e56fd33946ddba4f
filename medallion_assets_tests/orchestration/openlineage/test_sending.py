"""Events reach a server on loopback and a file; one that can't be sent fails nothing."""

from __future__ import annotations

import json
import os
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from medallion_assets.lakehouse.errors import TableLockedError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.materialization import Materialization, Rows
from medallion_assets.orchestration.openlineage.run_events import TableRun
from medallion_assets.orchestration.openlineage.sending import reported
from medallion_assets.orchestration.openlineage.switch import is_on, namespace
from medallion_assets_tests.orchestration.openlineage.catalog import Catalog, catalog
from medallion_assets_tests.orchestration.small_lakehouse import bronze_orders

DONE = Materialization("bronze.orders", batches=1, rows=Rows(read=2, kept=2, written=2))


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith("OPENLINEAGE")]:
        monkeypatch.delenv(name)
    # The client sets variables of its own; they end with the test.
    monkeypatch.setattr("os.environ", dict(os.environ))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def server() -> Iterator[Catalog]:
    with catalog() as running:
        yield running


def run_of(lake: Lake, dagster_run: str | None = None) -> TableRun:
    return TableRun(bronze_orders, lake, dagster_run or str(uuid.uuid4()), "job", "shop")


def materialized(run: TableRun) -> list[str]:
    """Report a materialization that goes well; what was warned of."""
    warned: list[str] = []
    with reported(run, warned.append) as ended:
        ended(DONE)
    return warned


def test_nothing_is_sent_unless_the_client_is_told_where(lake: Lake, server: Catalog) -> None:
    assert materialized(run_of(lake)) == []
    assert server.events == []


@pytest.mark.parametrize(
    ("variables", "on"),
    [
        ({}, False),
        ({"OPENLINEAGE_URL": "http://a"}, True),
        ({"OPENLINEAGE_CONFIG": "a.yml"}, True),
        ({"OPENLINEAGE__TRANSPORT__TYPE": "file"}, True),
        ({"OPENLINEAGE_URL": "http://a", "OPENLINEAGE_DISABLED": "True"}, False),
        ({"OPENLINEAGE_URL": "", "OPENLINEAGE_API_KEY": "k"}, False),
    ],
)
def test_the_clients_own_variables_switch_it(variables: dict[str, str], on: bool) -> None:
    assert is_on(variables) is on
    assert namespace(variables) == "medallion_assets"
    assert namespace({"OPENLINEAGE_NAMESPACE": "shop"}) == "shop"


def test_a_server_gets_start_and_end(
    lake: Lake, server: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", server.url)
    monkeypatch.setenv("OPENLINEAGE_API_KEY", "secret-key")
    run = run_of(lake)
    assert materialized(run) == []
    assert [event["eventType"] for event in server.events] == ["START", "COMPLETE"]
    assert {event["run"]["runId"] for event in server.events} == {run.run_id}
    assert server.events[1]["producer"] == "urn:medallion-assets:openlineage"
    facet = server.events[1]["outputs"][0]["outputFacets"]["outputStatistics"]
    assert (facet["rowCount"], facet["_producer"]) == (2, "urn:medallion-assets:openlineage")
    assert server.authorization == ["Bearer secret-key"] * 2
    assert "secret-key" not in json.dumps(server.events)


@pytest.mark.parametrize(
    ("error", "state"),
    [(TableLockedError("held"), "FAIL"), (KeyboardInterrupt(), "ABORT")],
)
def test_a_failure_and_a_cancellation_are_told_and_go_on(
    lake: Lake, server: Catalog, monkeypatch: pytest.MonkeyPatch, error: BaseException, state: str
) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", server.url)
    with pytest.raises(type(error)), reported(run_of(lake), print):
        raise error
    assert [event["eventType"] for event in server.events] == ["START", state]


def test_a_file_gets_a_line_for_each_event(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "events.ndjson"
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "file")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", str(file))
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__APPEND", "true")
    for _ in range(2):
        assert materialized(run_of(lake)) == []
    states = [json.loads(line)["eventType"] for line in file.read_text().splitlines()]
    assert states == ["START", "COMPLETE"] * 2


def test_a_server_that_refuses_is_warned_of_once_and_asked_no_more(
    lake: Lake, server: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.status = 403
    monkeypatch.setenv("OPENLINEAGE_URL", server.url.replace("//", "//user:secret-word@"))
    run = run_of(lake)
    (warning,) = materialized(run)
    assert warning.startswith("OpenLineage: an event of bronze.orders was not sent (HTTPError 403)")
    assert "secret-word" not in warning
    assert materialized(run) == []
    assert len(server.events) == 1
    server.status = 201
    assert materialized(run_of(lake)) == []
    assert len(server.events) == 3


def test_a_server_that_is_not_there_fails_nothing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "http")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__RETRY", '{"total": 0}')
    (warning,) = materialized(run_of(lake))
    assert "ConnectionError" in warning


def test_a_configuration_that_is_not_there_is_named(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENLINEAGE_CONFIG", "/nowhere/openlineage.yml")
    (warning,) = materialized(run_of(lake))
    assert "there is no file /nowhere/openlineage.yml" in warning
    assert "COMPLETE" not in "".join(capfd.readouterr())


def test_without_the_client_the_extra_is_named(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "openlineage.client", None)
    (warning,) = materialized(run_of(lake))
    assert "install medallion_assets[openlineage]" in warning
