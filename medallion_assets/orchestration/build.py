"""Declarations in, definitions out."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

import dagster as dg

from medallion_assets.lakehouse.session.kafka import kafka_settings
from medallion_assets.lakehouse.tables import BronzeTable, KafkaTopics, Lakehouse
from medallion_assets.orchestration.assets import table_assets
from medallion_assets.orchestration.automation import Automation
from medallion_assets.orchestration.automation_sensor import automation_sensor, with_conditions
from medallion_assets.orchestration.jobs import daily_schedule, lakehouse_job, source_job
from medallion_assets.orchestration.lake import LakeResource
from medallion_assets.orchestration.live import live_job
from medallion_assets.orchestration.sensors import (
    DEFAULT_INTERVAL_SECONDS,
    reporting_sensor,
    source_sensor,
)
from medallion_assets.orchestration.spark import SparkResource
from medallion_assets.orchestration.specs import landing_spec


def build_definitions(
    lakehouse: Lakehouse,
    *,
    lake: LakeResource,
    spark: SparkResource | None = None,
    declared_in: Iterable[ModuleType] = (),
    sensor_interval_seconds: int = DEFAULT_INTERVAL_SECONDS,
    automation: Automation = Automation.SENSORS,
) -> dg.Definitions:
    """Everything Dagster needs to run a lakehouse: assets, checks, jobs, sensors, resources.

    Args:
        lakehouse: the declarations.
        lake: where the tables and landing directories are.
        spark: the session; one inside the run's process where it is left out.
        declared_in: the modules of the declarations; gives each asset a link to its source.
        sensor_interval_seconds: the shortest time between two ticks of a sensor that requests runs,
            5 to 30.
        automation: who requests runs.

    Raises:
        DeclarationError: an expectation has the name of a built-in check.
        ValueError: the interval is out of its bounds.
    """
    modules = tuple(declared_in)
    bronze = [table for table in lakehouse.tables if isinstance(table, BronzeTable)]
    source_jobs = {table.name: source_job(lakehouse, table) for table in bronze}
    everything = lakehouse_job(lakehouse)
    tables = [table_assets(table, modules) for table in lakehouse.tables]
    sensors: list[dg.SensorDefinition]
    if automation is Automation.DECLARATIVE:
        tables = with_conditions(tables, lakehouse, lake)
        sensors = [
            *(reporting_sensor(table) for table in bronze),
            automation_sensor(lakehouse, sensor_interval_seconds),
        ]
    else:
        sensors = [
            source_sensor(lakehouse, table, source_jobs[table.name], sensor_interval_seconds)
            for table in bronze
        ]
    return dg.Definitions(
        assets=[*(landing_spec(table.source) for table in bronze), *tables],
        jobs=[everything, *source_jobs.values(), live_job(lakehouse)],
        sensors=sensors,
        schedules=[daily_schedule(everything)],
        resources={"lake": lake, "spark": spark or _spark(bronze)},
        # Runs started by a click share one session too.
        executor=dg.in_process_executor,
    )


def _spark(bronze: Iterable[BronzeTable]) -> SparkResource:
    """A session for these tables: one that reads topics needs Spark's connector."""
    if not any(isinstance(table.source, KafkaTopics) for table in bronze):
        return SparkResource()
    return SparkResource(spark_config=kafka_settings())
