"""One configured SparkSession: Java, jars, class sharing, settings, signals."""

from __future__ import annotations

from medallion_assets.lakehouse.session.kafka import kafka_settings
from medallion_assets.lakehouse.session.preflight import preflight
from medallion_assets.lakehouse.session.s3 import s3_settings
from medallion_assets.lakehouse.session.settings import SMALL_BYTES
from medallion_assets.lakehouse.session.spark_session import (
    LOG,
    engine_settings,
    forget_ended,
    start_session,
    start_spark,
    warm_spark,
)

__all__ = [
    "LOG",
    "SMALL_BYTES",
    "engine_settings",
    "forget_ended",
    "kafka_settings",
    "preflight",
    "s3_settings",
    "start_session",
    "start_spark",
    "warm_spark",
]
