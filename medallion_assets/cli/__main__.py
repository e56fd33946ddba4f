"""`python -m medallion_assets.cli`: the same as `medallion`."""

from __future__ import annotations

from medallion_assets.cli.process import medallion

medallion()
