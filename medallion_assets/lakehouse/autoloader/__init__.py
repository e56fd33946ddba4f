"""Auto Loader: files that land, taken once each, as a stream."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader.cloud_files_state import cloud_files_state
from medallion_assets.lakehouse.autoloader.reader import read_stream

__all__ = ["cloud_files_state", "read_stream"]
