"""A code location for a daemon: the small lakehouse, one failing table, one check of its own."""

from __future__ import annotations

from typing import Any

import dagster as dg

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.tables import BronzeTable, Lakehouse, LandingDirectory
from medallion_assets.orchestration import Automation, LakeResource, build_definitions
from medallion_assets_tests.documentation.pages import PROJECT, blocks
from medallion_assets_tests.orchestration.small_lakehouse import bronze_customers, gold_revenue

bronze_parcels = BronzeTable(
    name="parcels", source=LandingDirectory(name="parcels", format="json", schema="id BIGINT")
)
lakehouse = Lakehouse.from_tables([gold_revenue, bronze_customers, bronze_parcels])

_page: dict[str, Any] = {}
(_code,) = blocks("docs/automation.md", "python")
exec(compile(_code, "docs/automation.md", "exec"), _page)

defs = dg.Definitions.merge(
    build_definitions(
        lakehouse,
        lake=LakeResource.of(Lake.from_environment(PROJECT)),
        sensor_interval_seconds=5,
        automation=Automation.from_environment(),
    ),
    _page["own_checks"],
)
