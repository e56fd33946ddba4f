"""DuckDB with its own file format."""

from __future__ import annotations

FILE = "lake.duckdb"
"""Where the pipelines of several tables keep all of them, in the lake."""
