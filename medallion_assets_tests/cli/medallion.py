"""The `medallion` command as a module, for tests that run it as a process of its own."""

from __future__ import annotations

import sys

from medallion_assets.cli import main

if __name__ == "__main__":
    sys.exit(main())
