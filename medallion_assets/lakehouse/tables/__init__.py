"""What a table is: frozen declarations, without Spark and without Dagster.

A declaration says where rows come from, how they are cleaned, which row of a key wins and what
must hold. Everything else (stream, checkpoint, quarantine, asset, sensor, checks, metadata,
lineage) follows from it. A mistake in a declaration raises `DeclarationError` when the module
that holds it is imported.
"""

from __future__ import annotations

from medallion_assets.lakehouse.tables.bronze_table import BronzeTable
from medallion_assets.lakehouse.tables.gold_table import GoldTable
from medallion_assets.lakehouse.tables.kafka_topics import KafkaTopics
from medallion_assets.lakehouse.tables.lakehouse import Lakehouse
from medallion_assets.lakehouse.tables.landing_directory import CopiedDirectory, LandingDirectory
from medallion_assets.lakehouse.tables.silver_table import Lookup, OutputMode, SilverTable
from medallion_assets.lakehouse.tables.source import Source
from medallion_assets.lakehouse.tables.table import PERSONAL_TAG, Layer, Table
from medallion_assets.lakehouse.tables.watermark import Watermark

__all__ = [
    "PERSONAL_TAG",
    "BronzeTable",
    "CopiedDirectory",
    "GoldTable",
    "KafkaTopics",
    "Lakehouse",
    "LandingDirectory",
    "Layer",
    "Lookup",
    "OutputMode",
    "SilverTable",
    "Source",
    "Table",
    "Watermark",
]
