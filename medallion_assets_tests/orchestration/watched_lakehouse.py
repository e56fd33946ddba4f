"""The small lakehouse under its tables' conditions, looked at in turns; without Spark.

Commits are made by another Delta writer, and what a run that took them notes is noted here. Runs
are Dagster's own: with nothing new to take they need no Spark.
"""

from __future__ import annotations

import datetime
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)
from dagster._core.definitions.asset_daemon_cursor import AssetDaemonCursor

from medallion_assets.lakehouse.lake import Lake
from medallion_assets.lakehouse.lookups import Lookups
from medallion_assets.lakehouse.streams import sources
from medallion_assets.lakehouse.streams.checkpoint import Checkpoint
from medallion_assets.lakehouse.tables import BronzeTable, GoldTable, SilverTable, Table
from medallion_assets.orchestration import Automation, LakeResource, build_definitions
from medallion_assets.orchestration.keys import table_key
from medallion_assets_tests.lakehouse.delta_rows import append
from medallion_assets_tests.orchestration.small_lakehouse import small_lakehouse


@dataclass
class Watched:
    """A lake, an instance, and what the sensor remembers between two ticks."""

    lake: Lake
    instance: dg.DagsterInstance = field(default_factory=dg.DagsterInstance.ephemeral)
    cursor: AssetDaemonCursor | None = None

    def __post_init__(self) -> None:
        self.definitions = build_definitions(
            small_lakehouse, lake=LakeResource.of(self.lake), automation=Automation.DECLARATIVE
        )

    def tick(self, after_seconds: float = 0) -> set[str]:
        """What a tick requests, now or later."""
        now = datetime.datetime.now(datetime.timezone.utc)
        result = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            cursor=self.cursor,
            asset_selection=dg.AssetSelection.all(),
            evaluation_time=now + datetime.timedelta(seconds=after_seconds),
        )
        self.cursor = result.cursor
        keys = [table_key(table) for table in small_lakehouse.tables]
        return {key.to_user_string() for key in keys if result.get_num_requested(key)}

    def run(self, *assets: str) -> bool:
        """Run these assets; whether it succeeded."""
        return (
            self.definitions.resolve_job_def("lakehouse_job")
            .execute_in_process(
                instance=self.instance,
                raise_on_error=False,
                asset_selection=[dg.AssetKey.from_user_string(asset) for asset in assets],
            )
            .success
        )

    def begin_run(self, *assets: str) -> dg.DagsterRun:
        """A run over these assets that has been made and not come to its end."""
        return self.instance.create_run_for_job(
            self.definitions.resolve_job_def("lakehouse_job"),
            asset_selection={dg.AssetKey.from_user_string(asset) for asset in assets},
        )

    def land(self, source: str, name: str = "a.json") -> Path:
        """Let a file land."""
        path = self.lake.landing / source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"order_id": 1}) + "\n")
        landed = time.time() - 60
        os.utime(path, (landed, landed))
        return path

    def commit(self, full_name: str) -> None:
        """Append a row to a table, with the stream that fills it in being."""
        table = small_lakehouse.table(full_name)
        self.claim(table)
        append(self.lake.path(table), [{"id": 1}], {"id": pa.int64()})

    def claim(self, table: Table) -> None:
        """Make the table's checkpoint, as its first run does."""
        lake, checkpoint = self.lake, Checkpoint(self.lake.stream_directory(table))
        if isinstance(table, BronzeTable):
            source = str(lake.landing_path(table.source))
        elif isinstance(table, SilverTable):
            source = sources.identity(table, lake)
        else:
            source = ", ".join(one.full_name for one in table.upstream)
        checkpoint.claim(source, lake.target(table))

    def take(self, *full_names: str) -> None:
        """Note what a run of these tables notes that has read everything."""
        for full_name in full_names:
            table = small_lakehouse.table(full_name)
            checkpoint = Checkpoint(self.lake.stream_directory(table))
            found: dict[str, Any] = {}
            if isinstance(table, GoldTable):
                for name, source in table.sources.items():
                    found[name] = self.lake.log(source).version()
            elif isinstance(table, SilverTable):
                found = dict(sources.versions(sources.streamed(table), self.lake))
                followed = Lookups(table, self.lake, checkpoint).changed()
                found |= {name: now for name, (_, _, now) in followed.items()}
            checkpoint.record_consumed({name: now for name, now in found.items() if now})

    def judge(self, full_name: str, check: str, *, passed: bool) -> None:
        """Let a blocking check come to a verdict on what the table holds now."""
        key = table_key(small_lakehouse.table(full_name))
        (judged,) = self.instance.fetch_materializations(key, limit=1).records
        self.instance.report_runless_asset_event(
            dg.AssetCheckEvaluation(
                asset_key=key,
                check_name=check,
                passed=passed,
                metadata={},
                severity=dg.AssetCheckSeverity.ERROR,
                blocking=True,
                target_materialization_data=AssetCheckEvaluationTargetMaterializationData(
                    storage_id=judged.storage_id,
                    run_id=judged.run_id,
                    timestamp=judged.timestamp,
                ),
            )
        )
