"""`python -m medallion_assets.cli`: the same as `medallion`."""

from __future__ import annotations

import sys

from medallion_assets.cli import main

sys.exit(main())
