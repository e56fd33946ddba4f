"""Bronze, silver and gold Delta tables as Dagster software-defined assets."""

from __future__ import annotations

from medallion_assets.lakehouse.autoloader import read_stream
from medallion_assets.lakehouse.session import start_spark

__all__ = ["read_stream", "start_spark"]
