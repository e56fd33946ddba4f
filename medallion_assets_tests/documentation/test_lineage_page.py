"""The declarations, the query and the variables of `docs/lineage.md`, under Dagster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets_tests.documentation.pages import blocks
from medallion_assets_tests.lakehouse.autoloader.landed import land

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_PAGE = "docs/lineage.md"
ROWS = {
    "1.json": [
        {"payment_id": 1, "account_id": 7, "amount": 5.0, "paid_at": "2026-11-01T10:00:00Z"},
        {"payment_id": 2, "account_id": 8, "amount": 6.0, "paid_at": "2026-11-01T10:00:00Z"},
    ],
    "2.json": [
        {"payment_id": 3, "account_id": 7, "amount": 1.5, "paid_at": "2026-11-02T10:00:00Z"},
        {"payment_id": 4, "account_id": 7, "amount": -9.0, "paid_at": "2026-11-02T10:00:00Z"},
    ],
    # Overtaken: the payment in the first file is newer.
    "3.json": [
        {"payment_id": 1, "account_id": 7, "amount": 4.0, "paid_at": "2026-10-01T10:00:00Z"},
    ],
}


def variables(block: str) -> dict[str, str]:
    """What a block of `export` lines sets."""
    pairs = [line.removeprefix("export ").partition("=") for line in block.splitlines()]
    return {name: value for name, _, value in pairs}


def metadata(result: dg.ExecuteInProcessResult, asset: str) -> dict[str, Any]:
    (done,) = [
        event.materialization
        for event in result.all_events
        if event.is_step_materialization
        and event.materialization.asset_key.to_user_string() == asset
    ]
    return {name: item.value for name, item in done.metadata.items()}


def test_the_page(
    lake: Lake, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (declarations,), (query,) = blocks(_PAGE, "python"), blocks(_PAGE, "sql")
    server, file = (variables(block) for block in blocks(_PAGE, "sh"))
    assert server == {"OPENLINEAGE_URL": "http://127.0.0.1:5000"}
    for name, value in file.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile(declarations, _PAGE, "exec"), names)
    for name, rows in ROWS.items():
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        land(lake.landing / "payments" / name, text)

    definitions = build_definitions(names["lakehouse"], lake=LakeResource.of(lake))
    job = definitions.resolve_job_def("lakehouse_job")
    done = job.execute_in_process(instance=dg.DagsterInstance.ephemeral())
    assert done.success

    checks = {
        check.asset_key.to_user_string(): check
        for check in done.get_asset_check_evaluations()
        if check.check_name == "column_lineage"
    }
    assert checks.keys() == {"silver/payments", "gold/balances"}
    assert all(check.passed for check in checks.values())
    assert {check.metadata["only_declared"].value for check in checks.values()} == {"none"}
    assert {check.metadata["plan_was_read"].value for check in checks.values()} == {True}
    assert "transformation" in metadata(done, "silver/payments")["column_lineage"]
    balance = metadata(done, "gold/balances")["column_lineage"]
    assert "aggregation" in balance
    assert "group by" in balance

    found = spark.sql(query.replace("data/lake", str(lake.root))).collect()
    assert sorted(Path(row["_file_path"]).name for row in found) == ["1.json", "2.json"]

    written = Path(file["OPENLINEAGE__TRANSPORT__LOG_FILE_PATH"])
    events = [json.loads(line) for line in (tmp_path / written).read_text().splitlines()]
    assert [(event["job"]["name"], event["eventType"]) for event in events] == [
        (table, state)
        for table in ("bronze.payments", "silver.payments", "gold.balances")
        for state in ("START", "COMPLETE")
    ]
    assert {event["run"]["facets"]["parent"]["run"]["runId"] for event in events} == {done.run_id}
    (gold,) = events[-1]["outputs"]
    assert gold["outputFacets"]["outputStatistics"]["rowCount"] == 2
    inputs = {
        column: [
            (one["name"], one["field"], one["transformations"][0]["subtype"])
            for one in of["inputFields"]
        ]
        for column, of in gold["facets"]["columnLineage"]["fields"].items()
    }
    silver = str(lake.root / "silver" / "payments")
    assert inputs == {
        "account_id": [(silver, "account_id", "IDENTITY")],
        "payments": [(silver, "account_id", "GROUP_BY"), (silver, "amount", "FILTER")],
        "balance": [(silver, "amount", "AGGREGATION")],
    }
    # A path from landing to gold: what each run reads is what the one before has written.
    assert events[0]["inputs"][0]["name"] == str(lake.landing / "payments")
    for upstream, reader in ((events[1], events[3]), (events[3], events[5])):
        assert upstream["outputs"][0]["name"] == reader["inputs"][0]["name"]
