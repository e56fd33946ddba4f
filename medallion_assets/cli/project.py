"""Where the project's own files are: it is installed in place, next to its data."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
SAMPLE = PROJECT / "data" / "sample"
WORKSPACE = PROJECT / "workspace.yaml"
