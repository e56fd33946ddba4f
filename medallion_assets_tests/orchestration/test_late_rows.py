"""A table of two streams under Dagster: what it reads, and how its late rows are told."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

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

pytestmark = pytest.mark.usefixtures("spark")


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
    with pytest.raises(DeclarationError, match="can't be called late_rows"):
        definitions(lake, visits(check="late_rows"))


def test_late_rows_are_told(lake: Lake) -> None:
    def at(hour: int) -> datetime:
        return datetime(2026, 11, 1, hour, tzinfo=timezone.utc)

    append(lake.path(clicks), [{"id": 1, "at": at(12)}], FIELDS)
    append(lake.path(orders), [{"id": 9, "at": at(1)}], FIELDS)
    defs = definitions(LakeResource.of(lake), visits())
    job, instance = defs.resolve_job_def("lakehouse_job"), dg.DagsterInstance.ephemeral()
    keys = [dg.AssetKey(["silver", "visits"]), dg.AssetKey.from_user_string(LATE)]
    told: dict[str, Mapping[str, dg.MetadataValue]] = {}
    checks: dict[str, dg.AssetCheckEvaluation] = {}
    for late in (0, 2, 0):
        done = job.execute_in_process(instance=instance, asset_selection=keys)
        told = {
            event.materialization.asset_key.to_user_string(): event.materialization.metadata
            for event in done.all_events
            if event.is_step_materialization
        }
        assert told["silver/visits"]["rows_late"].value == late
        assert told[LATE]["rows_this_run"].value == late
        checks = {c.check_name: c for c in done.get_asset_check_evaluations()}
        # It stays as it was where nothing is new.
        assert checks["late_rows"].passed is (told[LATE]["dagster/row_count"].value == 0)
        if late == 0:
            append(lake.path(clicks), [{"id": 2, "at": at(11)}, {"id": 3, "at": None}], FIELDS)
    schema = told[LATE]["dagster/column_schema"].value
    assert isinstance(schema, dg.TableSchema)
    described = {column.name: column.description for column in schema.columns}
    assert described["row"] == "The whole row, as JSON."
    assert checks["late_rows"].severity is dg.AssetCheckSeverity.WARN
