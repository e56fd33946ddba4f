"""A table of two streams under Dagster: what it reads, and how its late rows are told."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from medallion_assets.lakehouse.errors import DeclarationError
from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.quality.expectations import expect_or_quarantine
from medallion_assets.lakehouse.tables import Lakehouse, SilverTable, Watermark
from medallion_assets.orchestration import LakeResource, build_definitions
from medallion_assets.orchestration.code_version import code_version
from medallion_assets_tests.lakehouse.delta_rows import append, raw
from medallion_assets_tests.orchestration.definition_surface import surface

clicks, orders = raw("clicks"), raw("orders")
FIELDS = {"id": pa.int64(), "at": pa.timestamp("us", tz="UTC")}
LATE = "silver/visits_late"


def visits(delay: str = "1 hour", check: str = "id_present") -> SilverTable:
    return SilverTable(
        name="visits",
        source=clicks,
        joins={"orders": orders},
        watermarks={"clicks": Watermark("at", delay)},
        transform=lambda clicks, orders: clicks.dropDuplicatesWithinWatermark(["id"]).unionByName(
            orders
        ),
        expectations=(expect_or_quarantine(check, "id is not null"),),
    )


def definitions(lake: LakeResource, table: SilverTable) -> dg.Definitions:
    return build_definitions(Lakehouse.from_tables([table]), lake=lake)


def test_everything_follows_from_every_stream() -> None:
    lake = LakeResource(root="/lake", landing="/landing")
    seen = surface(definitions(lake, visits()))
    for asset in ("silver/visits", "silver/visits_quarantine", LATE):
        assert seen["assets"][asset]["deps"] == ["bronze/clicks", "bronze/orders"]
    written = ["silver/visits", LATE, "silver/visits_quarantine"]
    assert seen["jobs"]["clicks_job"]["assets"] == ["bronze/clicks", *written]
    assert seen["jobs"]["orders_job"]["assets"] == ["bronze/orders", *written]
    assert seen["checks"]["silver/visits:late_rows"]["blocking"] is False
    assert code_version(visits()) != code_version(visits(delay="2 hours"))
    with pytest.raises(DeclarationError, match="two checks called late_rows"):
        definitions(lake, visits(check="late_rows"))


@pytest.mark.usefixtures("spark")
def test_late_rows_are_told(lake: Lake) -> None:
    append(lake.path(clicks), [{"id": 1, "at": at(12)}], FIELDS)
    append(lake.path(orders), [{"id": 9, "at": at(1)}], FIELDS)
    job = definitions(LakeResource.of(lake), visits()).resolve_job_def("lakehouse_job")
    instance = dg.DagsterInstance.ephemeral()
    keys = [dg.AssetKey(["silver", "visits"]), dg.AssetKey.from_user_string(LATE)]

    def run() -> tuple[dict[str, Any], dict[str, Any], dg.AssetCheckEvaluation]:
        done = job.execute_in_process(instance=instance, asset_selection=keys)
        told = {
            event.materialization.asset_key.to_user_string(): {
                name: value.value for name, value in event.materialization.metadata.items()
            }
            for event in done.all_events
            if event.is_step_materialization
        }
        checks = {check.check_name: check for check in done.get_asset_check_evaluations()}
        return told["silver/visits"], told[LATE], checks["late_rows"]

    table, late, check = run()
    assert (table["rows_late"], late["rows_this_run"], late["dagster/row_count"]) == (0, 0, 0)
    assert check.passed
    append(lake.path(clicks), [{"id": 2, "at": at(11)}, {"id": 3, "at": None}], FIELDS)
    table, late, check = run()
    assert (table["rows_late"], late["rows_this_run"], late["dagster/row_count"]) == (2, 2, 2)
    described = {
        column.name: column.description for column in late["dagster/column_schema"].columns
    }
    assert described["row"] == "The whole row, as JSON."
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    # Where nothing is new it stays as it was.
    table, late, check = run()
    assert (table["rows_late"], late["batches"], late["dagster/row_count"]) == (0, 0, 2)
    assert not check.passed


def at(hour: int) -> datetime:
    return datetime(2026, 11, 1, hour, tzinfo=timezone.utc)
