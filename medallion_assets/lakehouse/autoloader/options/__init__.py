"""The options of a stream over files: what there is, what was given, what it means."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.options.catalog import CLOUD_ONLY, OPTIONS, REFUSED
from medallion_assets.lakehouse.autoloader.options.cloud_files import CloudFilesOptions
from medallion_assets.lakehouse.autoloader.options.modes import (
    CleanSource,
    FileFormat,
    SchemaEvolutionMode,
)

__all__ = [
    "CLOUD_ONLY",
    "OPTIONS",
    "REFUSED",
    "CleanSource",
    "CloudFilesOptions",
    "FileFormat",
    "SchemaEvolutionMode",
]
